-- To erase an account, its acts on others are looked for; to forget old events, their time.
create index audit_events_actor_id_idx on audit_events (actor_id) where actor_id is not null;
create index audit_events_at_idx on audit_events (at);
