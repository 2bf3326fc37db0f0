//go:build race

package scripts

const withRace = true
