"""The only reader, writer and revoker of DOT's token tables: the seam behind which the hot path may change.

Rows stay as stock DOT writes them with ``COMPLIANT_BCP_RFC9700_TOKEN_STORAGE``; its behaviour, listed defects aside,
is the oracle of the tests.
"""
