// Package depth bounds how deep JSON may be nested. Parsers call themselves for each level, and inside of
// the sandbox the stack is short: running out of it would end the call without an answer.
package depth

import "errors"

// Max is how many levels may be open at once.
const Max = 127

// Check refuses JSON that is nested too deeply. It says nothing about text that is no JSON.
func Check(text []byte) error {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '[', '{':
			if depth++; depth > Max {
				return errors.New("it is nested too deeply")
			}
		case ']', '}':
			depth--
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return nil
}
