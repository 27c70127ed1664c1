"""Events that stay events while their text is changed: hidden, approved, told apart, ended."""
