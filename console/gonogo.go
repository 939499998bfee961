package console

// GoNoGo is the document of the strategy's investigation: whether to go on, and what is known.
type GoNoGo struct {
	Title, Answer string
	Parts         []Part
}

// Part is a part of it.
type Part struct {
	Name, Says string
	List       []string
	Boxes      bool // a checklist
}
