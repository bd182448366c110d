-- Times are RFC 3339 text in UTC with a fixed offset of +00:00 (as sqlx writes a chrono DateTime<Utc>), which sorts and
-- compares as text: '+' and '.' stand before the digits.

-- Credentials, role and state of an account. Only the auth core reads or writes this table.
create table users (
    id blob not null constraint users_pk primary key,
    -- as it is shown and written to
    email text not null,
    -- the address's twins (case, Unicode form) fall together here
    email_key text not null constraint users_email_key_unique unique,
    -- a PHC string; null: this account has no password
    password_hash text,
    role text not null constraint users_role_check check (role in ('user', 'moderator', 'admin')),
    state text not null constraint users_state_check check (state in ('active', 'disabled')),
    -- goes up whenever what was issued before must stop to work
    authz_epoch integer not null,
    created_at text not null
) strict;

create index users_created_at_idx on users (created_at);

-- What a user may show and edit. Never holds a credential.
create table profiles (
    user_id blob not null constraint profiles_pk primary key
        constraint profiles_user_id_fk references users (id) on delete cascade,
    display_name text not null,
    bio text not null,
    updated_at text not null
) strict;

-- One row a session, of constant size however often it rotates.
create table sessions (
    -- SHA-256 of the session id, which stands in the tokens only
    id_hash blob not null constraint sessions_pk primary key,
    user_id blob not null constraint sessions_user_id_fk references users (id) on delete cascade,
    -- key of the refresh tokens' jti: 32 random bytes
    secret blob not null,
    -- users.authz_epoch when the session began
    authz_epoch integer not null,
    -- the one refresh token that counts is that of this generation
    generation integer not null,
    rotated_at text not null,
    -- the newest generation of which any token came back
    confirmed_generation integer not null,
    -- how often this generation's pair was sent again
    reuse_count integer not null,
    -- when it was sent again last: requests of the same moment count as one
    resent_at text,
    -- how many generations in a row, up to this one, had to be sent again
    reuse_streak integer not null,
    created_at text not null,
    last_seen_at text not null,
    idle_until text not null,
    not_after text not null,
    auth_time text not null,
    aal integer not null,
    user_agent text not null,
    ip text not null,
    revoked_at text,
    revoked_reason text,
    constraint sessions_revoked_check check ((revoked_at is null) = (revoked_reason is null))
) strict;

create index sessions_user_id_idx on sessions (user_id);
create index sessions_not_after_idx on sessions (not_after);

-- Counters of attempts, a window each. The key is hashed: what people type into a log-in form is theirs.
create table throttles (
    key_hash blob not null constraint throttles_pk primary key,
    count integer not null,
    resets_at text not null
) strict;

create index throttles_resets_at_idx on throttles (resets_at);

-- What happened to accounts and sessions, for their owners and for whoever runs the place.
create table audit_events (
    id blob not null constraint audit_events_pk primary key,
    at text not null,
    kind text not null,
    user_id blob constraint audit_events_user_id_fk references users (id) on delete cascade,
    actor_id blob constraint audit_events_actor_id_fk references users (id) on delete set null,
    ip text
) strict;

create index audit_events_user_id_idx on audit_events (user_id, at);
