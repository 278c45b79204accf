package depth

import (
	"strings"
	"testing"
)

func TestOnlyOpenLevelsCount(t *testing.T) {
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for text, ok := range map[string]bool{
		"":              true,
		nested(Max):     true,
		nested(Max + 1): false,
		`{"a":` + nested(Max-1) + `,"b":` + nested(Max-1) + "}": true,
		`{"a":` + nested(Max) + "}":                             false,
		`"` + strings.Repeat(`[\"`, 1000) + `"`:                 true,
		`"\\"` + nested(Max+1):                                  false,
		`"unfinished` + nested(Max+1):                           true,
		`"unfinished\`:                                          true,
	} {
		if err := Check([]byte(text)); (err == nil) != ok {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
