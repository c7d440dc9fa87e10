"""WeChat Pay (API v3): a code to scan; signed both ways by its own library.

Owns nothing in the database; its keys come from the environment. This folder can be deleted whole, with its line in
`PROVIDERS`.
"""
