"""The filters of `upload`: its options, and the dry run that shows what they leave out."""
