# Written by `make generate`; not to be edited.
