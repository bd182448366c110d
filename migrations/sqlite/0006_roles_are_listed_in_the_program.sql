-- no-transaction
-- The roles are listed in auth/model.rs. A second list here would need a migration for each new role.
-- SQLite drops a constraint only with its table. Foreign keys are off meanwhile, or dropping the table would delete the
-- rows that refer to it; the pragma has no effect inside a transaction. Applying this twice changes nothing.
pragma foreign_keys = off;
begin immediate;
create table users_new (
    id blob not null constraint users_pk primary key,
    -- as it is shown and written to
    email text not null,
    -- the address's twins (case, Unicode form) fall together here
    email_key text not null constraint users_email_key_unique unique,
    -- a PHC string; null: this account has no password
    password_hash text,
    role text not null,
    state text not null constraint users_state_check check (state in ('active', 'disabled')),
    -- goes up whenever what was issued before must stop to work
    authz_epoch integer not null,
    created_at text not null,
    -- null: nobody has shown yet that the mail for this account reaches its owner
    email_verified_at text,
    -- set when the owner asked to leave: the account is erased then, unless they change their mind
    erase_at text
) strict;
insert into users_new (id, email, email_key, password_hash, role, state, authz_epoch, created_at, email_verified_at, erase_at)
    select id, email, email_key, password_hash, role, state, authz_epoch, created_at, email_verified_at, erase_at from users;
drop table users;
alter table users_new rename to users;
create index users_created_at_idx on users (created_at);
create index users_erase_at_idx on users (erase_at) where erase_at is not null;
commit;
pragma foreign_keys = on;
