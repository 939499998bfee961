package botapi

// Role is what a kind of update, or a field of a message, means to the channel.
type Role uint8

// The roles.
const (
	Unread  Role = iota // no matter for the channel: silent
	Read                // an input, or a part of one
	Content             // what a person sent instead of a text: answered, by its name
	Service             // what the chat reports, no person's answer: silent
)

func (r Role) String() string { return [...]string{"unread", "read", "content", "service"}[r] }

// Updates are all kinds of updates of Bot API 10.3, and their roles. The channel asks the
// server for those that it reads. A test compares this table, and Fields, with the
// schema: a new kind of either needs its role here.
var Updates = map[string]Role{
	"message": Read, "edited_message": Read, "callback_query": Read, "my_chat_member": Read,

	"channel_post": Unread, "edited_channel_post": Unread, "business_connection": Unread, "business_message": Unread,
	"edited_business_message": Unread, "deleted_business_messages": Unread, "guest_message": Unread,
	"stopped_message_generation": Unread, "message_reaction": Unread, "message_reaction_count": Unread,
	"inline_query": Unread, "chosen_inline_result": Unread, "shipping_query": Unread, "pre_checkout_query": Unread,
	"purchased_paid_media": Unread, "poll": Unread, "poll_answer": Unread, "chat_member": Unread,
	"chat_join_request": Unread, "chat_boost": Unread, "removed_chat_boost": Unread, "managed_bot": Unread, "subscription": Unread,
}

// Field is a field of a message.
type Field struct {
	Role Role
	Name string // of content, where people call it by another name; defaults to the field's
}

// Fields are all fields of a message of Bot API 10.3. A message with an unknown field and
// nothing else is answered like content.
var Fields = map[string]Field{
	"message_id": {Role: Read}, "message_thread_id": {Role: Read}, "from": {Role: Read}, "sender_chat": {Role: Read}, "date": {Role: Read},
	"chat": {Role: Read}, "is_topic_message": {Role: Read}, "edit_date": {Role: Read}, "media_group_id": {Role: Read},
	"text": {Role: Read}, "entities": {Role: Read}, "caption": {Role: Read}, "caption_entities": {Role: Read},

	"direct_messages_topic": {}, "sender_boost_count": {}, "sender_business_bot": {}, "sender_tag": {}, "guest_query_id": {},
	"business_connection_id": {}, "forward_origin": {}, "is_automatic_forward": {Role: Read}, "reply_to_message": {Role: Read}, "external_reply": {},
	"quote": {}, "reply_to_story": {}, "reply_to_checklist_task_id": {}, "reply_to_poll_option_id": {}, "via_bot": {},
	"guest_bot_caller_user": {}, "guest_bot_caller_chat": {}, "receiver_user": {}, "ephemeral_message_id": {},
	"has_protected_content": {}, "is_from_offline": {}, "is_paid_post": {}, "author_signature": {}, "paid_star_count": {},
	"link_preview_options": {}, "suggested_post_info": {}, "effect_id": {}, "show_caption_above_media": {},
	"has_media_spoiler": {}, "reply_markup": {},

	"animation": {Role: Content}, "audio": {Role: Content}, "checklist": {Role: Content}, "contact": {Role: Content}, "dice": {Role: Content},
	"document": {Role: Content}, "game": {Role: Content}, "giveaway": {Role: Content}, "giveaway_winners": {Role: Content},
	"invoice": {Role: Content}, "live_photo": {Role: Content, Name: "photo"}, "location": {Role: Content}, "paid_media": {Role: Content},
	"photo": {Role: Content}, "poll": {Role: Content}, "rich_message": {Role: Content}, "sticker": {Role: Content}, "story": {Role: Content},
	"venue": {Role: Content, Name: "location"}, "video": {Role: Content}, "video_note": {Role: Content, Name: "video"}, "voice": {Role: Content},

	"boost_added": {Role: Service}, "channel_chat_created": {Role: Service}, "chat_background_set": {Role: Service},
	"chat_owner_changed": {Role: Service}, "chat_owner_left": {Role: Service}, "chat_shared": {Role: Service},
	"checklist_tasks_added": {Role: Service}, "checklist_tasks_done": {Role: Service}, "community_chat_added": {Role: Service},
	"community_chat_joined": {Role: Service}, "community_chat_removed": {Role: Service}, "connected_website": {Role: Service},
	"delete_chat_photo": {Role: Service}, "direct_message_price_changed": {Role: Service}, "forum_topic_closed": {Role: Service},
	"forum_topic_created": {Role: Service}, "forum_topic_edited": {Role: Service}, "forum_topic_reopened": {Role: Service},
	"general_forum_topic_hidden": {Role: Service}, "general_forum_topic_unhidden": {Role: Service}, "gift": {Role: Service},
	"gift_upgrade_sent": {Role: Service}, "giveaway_completed": {Role: Service}, "giveaway_created": {Role: Service},
	"group_chat_created": {Role: Service}, "left_chat_member": {Role: Service}, "managed_bot_created": {Role: Service},
	"message_auto_delete_timer_changed": {Role: Service}, "migrate_from_chat_id": {Role: Service}, "migrate_to_chat_id": {Role: Service},
	"new_chat_members": {Role: Service}, "new_chat_photo": {Role: Service}, "new_chat_title": {Role: Service},
	"paid_message_price_changed": {Role: Service}, "passport_data": {Role: Service}, "pinned_message": {Role: Service},
	"poll_option_added": {Role: Service}, "poll_option_deleted": {Role: Service}, "proximity_alert_triggered": {Role: Service},
	"refunded_payment": {Role: Service}, "successful_payment": {Role: Service}, "suggested_post_approval_failed": {Role: Service},
	"suggested_post_approved": {Role: Service}, "suggested_post_declined": {Role: Service}, "suggested_post_paid": {Role: Service},
	"suggested_post_refunded": {Role: Service}, "supergroup_chat_created": {Role: Service}, "unique_gift": {Role: Service},
	"users_shared": {Role: Service}, "video_chat_ended": {Role: Service}, "video_chat_participants_invited": {Role: Service},
	"video_chat_scheduled": {Role: Service}, "video_chat_started": {Role: Service}, "web_app_data": {Role: Service},
	"voice_chat_ended": {Role: Service}, "voice_chat_participants_invited": {Role: Service}, // the names before Bot API 6.0
	"voice_chat_scheduled": {Role: Service}, "voice_chat_started": {Role: Service},
	"write_access_allowed": {Role: Service},
}

func init() {
	for key, f := range Fields {
		if f.Role == Content && f.Name == "" {
			f.Name = key
			Fields[key] = f
		}
	}
}
