"""The compare tab: the open model beside another graph."""
