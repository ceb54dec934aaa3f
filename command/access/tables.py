"""Users and their sessions."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base


class UserAccount(Base):
    """A person who signs in: one role, one area (a GB/T 2260 prefix: 37, 3707 or 370705)."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]  # argon2id
    role: Mapped[str]
    region: Mapped[str] = mapped_column(String(6, collation="C"))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id", ondelete="CASCADE"), unique=True)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(
            "role IN ('duty', 'dispatcher', 'officer', 'planner', 'expert', 'admin')",
            name="role",
        ),
        CheckConstraint("(role = 'officer') = (officer_id IS NOT NULL)", name="officer_has_person"),
        CheckConstraint("region ~ '^([0-9]{2}){1,3}$'", name="region"),
    )


class UserSession(Base):
    """A signed-in session; the token is kept as a hash only."""

    __tablename__ = "user_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
