package texts_test

import (
	"fmt"

	"github.com/lockbay/lockbay/texts"
)

func ExampleWords() {
	fmt.Println(texts.Words("en", "ago.hour", map[string]string{"n": "1"}))
	fmt.Println(texts.Words("en", "ago.hour", map[string]string{"n": "2"}))
	fmt.Println(texts.Words("pt-BR", "date", map[string]string{"day": "27", "month": "11"})) // not yet in Portuguese
	fmt.Printf("%q\n", texts.Words("en", "no such code", nil))
	// Output:
	// 1 hour ago
	// 2 hours ago
	// 27 Nov
	// ""
}
