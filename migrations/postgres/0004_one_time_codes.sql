-- null: nobody has shown yet that the mail for this account reaches its owner
alter table users add column email_verified_at timestamptz;
-- Accounts from before could log in, and go on: where sign-ups are verified, an unverified account could not.
update users set email_verified_at = created_at;
-- set when the owner asked to leave: the account is erased then, unless they change their mind
alter table users add column erase_at timestamptz;

create index users_erase_at_idx on users (erase_at) where erase_at is not null;

-- Codes sent by mail, each for one use. Nothing in a row opens anything: the link's secret and the digits are derived from
-- the seed with a key that is not in the database.
create table one_time_codes (
    id uuid not null constraint one_time_codes_pk primary key,
    purpose text not null constraint one_time_codes_purpose_check
        check (purpose in ('sign_up', 'verify', 'log_in', 'recover', 'change_email', 'undo_email')),
    seed bytea not null,
    -- SHA-256 of the link's secret
    link_hash bytea not null constraint one_time_codes_link_hash_unique unique,
    -- SHA-256 of a cookie of the browser that asked: only there the digits count; null: they count nowhere
    browser_hash bytea constraint one_time_codes_browser_hash_unique unique,
    -- the address that the code went to
    email text not null,
    email_key text not null,
    -- null: the address had no account when the code was asked for. No foreign key: checking one takes its time, which
    -- would tell the addresses that have accounts
    user_id uuid,
    -- what the purpose needs besides, as JSON
    detail text not null,
    -- digits typed so far
    tries bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    -- when it was used, or made void by a newer one or by a change of the account
    spent_at timestamptz
);

create index one_time_codes_email_key_idx on one_time_codes (email_key, purpose);
create index one_time_codes_user_id_idx on one_time_codes (user_id);
create index one_time_codes_expires_at_idx on one_time_codes (expires_at);
