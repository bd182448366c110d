-- The gizmos of each account.
create table gadgets (
    id uuid not null constraint gadgets_pk primary key,
    user_id uuid not null constraint gadgets_user_id_fk references users (id) on delete cascade,
    title text not null,
    body text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create index gadgets_user_id_idx on gadgets (user_id, updated_at);
