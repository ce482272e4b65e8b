"""The payments service of the shop: takes a payment once, and says so as often as it is asked."""

__version__ = "1.4.2"
