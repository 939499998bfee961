-- Everyone's conversations of a flow, newest first. A turn leaves its columns alone.
create index conversations_newest on conversations (bot, flow, listed, key) where listed is not null;
