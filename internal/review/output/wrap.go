package output

import "strings"

// wrap breaks a text at spaces; the lines after the first are shorter by hang. A word that is longer than a line is broken where
// ARNs have their parts.
func wrap(text string, width, hang int) []string {
	var out []string
	line := ""
	room := func() int {
		if len(out) == 0 {
			return width
		}
		return width - hang
	}
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) <= room() {
			line += " " + word
			continue
		}
		if line != "" {
			out = append(out, line)
		}
		for runes := []rune(word); len(runes) > room(); runes = []rune(word) {
			at := breakAt(runes, room())
			out, word = append(out, string(runes[:at])), string(runes[at:])
		}
		line = word
	}
	if line != "" || len(out) == 0 {
		out = append(out, line)
	}
	return out
}

// breakAt is the last place within a limit after which a word may be broken.
func breakAt(word []rune, limit int) int {
	for i := limit; i > limit/2; i-- {
		if strings.ContainsRune(":/,-", word[i-1]) {
			return i
		}
	}
	return limit
}

// shellWords splits a command at the spaces outside quotes.
func shellWords(text string) []string {
	var out []string
	quote, word := rune(0), ""
	for _, r := range text {
		switch {
		case quote == 0 && r == ' ':
			if word != "" {
				out, word = append(out, word), ""
			}
			continue
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		}
		word += string(r)
	}
	if word != "" {
		out = append(out, word)
	}
	return out
}
