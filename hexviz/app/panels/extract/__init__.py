"""The Extract tab: what a person wants cut out, what that means, and how it leaves."""
