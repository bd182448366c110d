-- Credentials, role and state of an account. Only the auth core reads or writes this table.
create table users (
    id uuid not null constraint users_pk primary key,
    -- as it is shown and written to
    email text not null,
    -- the address's twins (case, Unicode form) fall together here
    email_key text not null constraint users_email_key_unique unique,
    -- a PHC string; null: this account has no password
    password_hash text,
    role text not null constraint users_role_check check (role in ('user', 'moderator', 'admin')),
    state text not null constraint users_state_check check (state in ('active', 'disabled')),
    -- goes up whenever what was issued before must stop to work
    authz_epoch bigint not null,
    created_at timestamptz not null
);

create index users_created_at_idx on users (created_at);

-- What a user may show and edit. Never holds a credential.
create table profiles (
    user_id uuid not null constraint profiles_pk primary key
        constraint profiles_user_id_fk references users (id) on delete cascade,
    display_name text not null,
    bio text not null,
    updated_at timestamptz not null
);

-- One row a session, of constant size however often it rotates.
create table sessions (
    -- SHA-256 of the session id, which stands in the tokens only
    id_hash bytea not null constraint sessions_pk primary key,
    user_id uuid not null constraint sessions_user_id_fk references users (id) on delete cascade,
    -- key of the refresh tokens' jti: 32 random bytes
    secret bytea not null,
    -- users.authz_epoch when the session began
    authz_epoch bigint not null,
    -- the one refresh token that counts is that of this generation
    generation bigint not null,
    rotated_at timestamptz not null,
    -- the newest generation of which any token came back
    confirmed_generation bigint not null,
    -- how often this generation's pair was sent again
    reuse_count bigint not null,
    -- when it was sent again last: requests of the same moment count as one
    resent_at timestamptz,
    -- how many generations in a row, up to this one, had to be sent again
    reuse_streak bigint not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    idle_until timestamptz not null,
    not_after timestamptz not null,
    auth_time timestamptz not null,
    aal bigint not null,
    user_agent text not null,
    ip text not null,
    revoked_at timestamptz,
    revoked_reason text,
    constraint sessions_revoked_check check ((revoked_at is null) = (revoked_reason is null))
);

create index sessions_user_id_idx on sessions (user_id);
create index sessions_not_after_idx on sessions (not_after);

-- Counters of attempts, a window each. The key is hashed: what people type into a log-in form is theirs.
create table throttles (
    key_hash bytea not null constraint throttles_pk primary key,
    count bigint not null,
    resets_at timestamptz not null
);

create index throttles_resets_at_idx on throttles (resets_at);

-- What happened to accounts and sessions, for their owners and for whoever runs the place.
create table audit_events (
    id uuid not null constraint audit_events_pk primary key,
    at timestamptz not null,
    kind text not null,
    user_id uuid constraint audit_events_user_id_fk references users (id) on delete cascade,
    actor_id uuid constraint audit_events_actor_id_fk references users (id) on delete set null,
    ip text
);

create index audit_events_user_id_idx on audit_events (user_id, at);
