"""What a study is: its schema, reading, writing, checking, importing, label rules and strata."""
