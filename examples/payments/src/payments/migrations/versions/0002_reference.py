"""A customer's own reference. Nullable without a default: an instant change, and version 1.3 never notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("reference", sa.String(140), nullable=True))


def downgrade() -> None:
    op.drop_column("payments", "reference")
