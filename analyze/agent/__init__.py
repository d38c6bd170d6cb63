"""A study for a program that reads text: few tools, small answers, errors that say what to do next."""
