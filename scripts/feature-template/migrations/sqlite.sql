-- The gizmos of each account.
create table gadgets (
    id blob not null constraint gadgets_pk primary key,
    user_id blob not null constraint gadgets_user_id_fk references users (id) on delete cascade,
    title text not null,
    body text not null,
    created_at text not null,
    updated_at text not null
) strict;

create index gadgets_user_id_idx on gadgets (user_id, updated_at);
