-- Mails that are still to leave, each written in the transaction of what it tells of. A row goes when its mail is
-- delivered, given up or too late.
create table outbox (
    id blob not null constraint outbox_pk primary key,
    -- null: there is nobody to write to. Such a row makes a request about an unknown address as dear as any other
    recipient text,
    -- the words and the seed of the one-time secrets, as JSON; the secrets themselves are in no table
    letter text not null,
    -- which key the secrets follow from
    kid text not null,
    created_at text not null,
    -- what the mail offers has expired by then: not sent any more. null: it stays true
    not_after text,
    -- a node that takes the mail on moves this ahead, so that no other does
    next_attempt_at text not null,
    attempts integer not null
) strict;

create index outbox_next_attempt_at_idx on outbox (next_attempt_at);
