"""Where a payment came from. Nullable without a default: an instant change that the version before never notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("channel", sa.String(32), nullable=True))


def downgrade() -> None:
    op.drop_column("payments", "channel")
