"""The event log chains itself: numbered without gaps, hashed onto the row before, announced on commit."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What is hashed is spelled out once and used by the writer and by the check.
_EVENT_HASH = r"""
CREATE FUNCTION event_hash(e event) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(e.prev_hash || convert_to(jsonb_build_array(
        e.seq, extract(epoch FROM e.at)::numeric, e.kind, e.subject, e.alert_id, e.officer_id, e.region, e.actor, e.data
    )::text, 'UTF8'))
$$
"""

# The lock is held until commit, so numbers become visible in their order and a reader of `seq > n` misses nothing.
_CHAIN_EVENT = r"""
CREATE FUNCTION chain_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(212, 1);
    SELECT seq, hash INTO last FROM event ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.prev_hash := coalesce(last.hash, sha256(''::bytea));
    NEW.hash := event_hash(NEW);
    PERFORM pg_notify('onemap_event', NEW.seq::text);
    RETURN NEW;
END $$
"""

_REFUSE_CHANGE = r"""
CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the event log is only ever added to' USING ERRCODE = 'restrict_violation';
END $$
"""

_CHAIN_BREAKS = r"""
CREATE FUNCTION event_chain_breaks() RETURNS TABLE (seq bigint, problem text) LANGUAGE sql STABLE AS $$
    SELECT e.seq,
           CASE WHEN e.seq <> e.expected_seq THEN 'a row before it is missing'
                WHEN e.prev_hash <> e.expected_prev THEN 'it does not follow the row before it'
                ELSE 'its content was changed' END
    FROM (
        SELECT event.*, row_number() OVER w AS expected_seq,
               coalesce(lag(event.hash) OVER w, sha256(''::bytea)) AS expected_prev,
               event_hash(event) AS expected_hash
        FROM event WINDOW w AS (ORDER BY event.seq)
    ) e
    WHERE e.seq <> e.expected_seq OR e.prev_hash <> e.expected_prev OR e.hash <> e.expected_hash
    ORDER BY e.seq
$$
"""


def upgrade() -> None:
    for function in (_EVENT_HASH, _CHAIN_EVENT, _REFUSE_CHANGE, _CHAIN_BREAKS):
        op.execute(function)
    op.execute("CREATE TRIGGER chain BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION chain_event()")
    op.execute(
        "CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON event"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER only_added ON event")
    op.execute("DROP TRIGGER chain ON event")
    for function in ("event_chain_breaks()", "refuse_event_change()", "chain_event()", "event_hash(event)"):
        op.execute(f"DROP FUNCTION {function}")
