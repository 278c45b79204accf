package actionbox

// Effect is what an action does to the connected app, from harmless to unlimited.
//
// The host decides the effect of every call by itself. What a plugin claims is shown to people and grants
// nothing.
type Effect int

// The effects. The zero value claims none.
const (
	// EffectUnclaimed claims nothing.
	EffectUnclaimed Effect = iota
	// EffectRead changes nothing.
	EffectRead
	// EffectWrite creates or changes something.
	EffectWrite
	// EffectDestructive deletes something, or does what cannot be undone.
	EffectDestructive
	// EffectRaw makes an arbitrary call, such as the httprequest that every connector ships.
	EffectRaw
)

// Action is one operation of a connected app.
type Action struct {
	// ID is the name that DescribeAction and ExecuteAction take, such as get_contact.
	ID string
	// Name is a short title for people.
	Name string
	// Description says what the action does, in a sentence or two. May be empty.
	Description string
	// Tag is the upstream's own label, such as v2; empty when it has none.
	Tag string
	// ClaimedEffect is the effect that the plugin claims. For display only.
	ClaimedEffect Effect
}

// Kind is the kind of value that a parameter takes. Values are mostly sent as strings, even numbers.
//
// A kind that is none of the constants is one that this version of the contract does not know, as the
// upstream spells it.
type Kind string

// The kinds that the contract knows.
const (
	// KindText is one line of text.
	KindText Kind = "text"
	// KindEmail is an e-mail address.
	KindEmail Kind = "email"
	// KindNumber is a number.
	KindNumber Kind = "number"
	// KindTextarea is several lines of text.
	KindTextarea Kind = "textarea"
	// KindURL is a URL.
	KindURL Kind = "url"
	// KindJSON is a JSON value.
	KindJSON Kind = "json"
)

// Parameter is one input of an action.
type Parameter struct {
	// Name is the key in the parameters object.
	Name string
	// Label is a short title for people. May equal the name.
	Label string
	// Required tells whether the action refuses to run without it.
	Required bool
	// Kind is the kind of value it takes.
	Kind Kind
}
