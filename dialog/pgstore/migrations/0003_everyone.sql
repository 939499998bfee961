-- Everyone's conversations of a flow, newest first. A turn leaves its columns alone.
create index conversations_newest on conversations (split_part(key, ':', 1), split_part(key, ':', 2), listed, key) where listed is not null;
