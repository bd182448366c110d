-- Nodes remember sessions for a second, and keep streams open to browsers. These triggers tell them what ended, whoever
-- changed it: another node, the command line, or somebody with psql. Rotations tell nobody: a notification takes a lock
-- that all commits share.
create function latchkey_tell_session() returns trigger language plpgsql as $$
begin
    perform pg_notify('latchkey', 'session:' || encode(new.id_hash, 'hex'));
    return null;
end
$$;

create trigger sessions_tell after update of revoked_at on sessions
    for each row when (old.revoked_at is null and new.revoked_at is not null)
    execute function latchkey_tell_session();

create function latchkey_tell_account() returns trigger language plpgsql as $$
begin
    perform pg_notify('latchkey', 'account:' || old.id);
    return null;
end
$$;

create trigger users_tell after update of role, state, authz_epoch on users
    for each row when ((old.role, old.state, old.authz_epoch) is distinct from (new.role, new.state, new.authz_epoch))
    execute function latchkey_tell_account();

create trigger users_tell_deleted after delete on users
    for each row execute function latchkey_tell_account();
