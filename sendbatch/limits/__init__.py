"""How fast, how much and when: pace, quotas, shares of an account, and what was used of it."""
