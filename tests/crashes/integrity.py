"""What must hold in the database at every moment, in SQL that knows nothing of the site's own code."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

# Each counts what must not be.
NEVER = {
    "a refresh token without its authorization": """
        SELECT count(*) FROM oauth2_provider_refreshtoken token
        LEFT JOIN provider_site_authorization family ON family.id = token.token_family WHERE family.id IS NULL""",
    "an authorization without its consent": """
        SELECT count(*) FROM provider_site_authorization family
        LEFT JOIN provider_site_consent consent ON consent.id = family.consent_id WHERE consent.id IS NULL""",
    "a code without its authorization": """
        SELECT count(*) FROM oauth2_provider_grant code
        LEFT JOIN provider_site_authorization family ON family.code_digest = code.code WHERE family.id IS NULL""",
    "a code that can be spent again": """
        SELECT count(*) FROM oauth2_provider_grant code
        JOIN provider_site_authorization family ON family.code_digest = code.code
        WHERE family.consumed_at IS NOT NULL""",
    "tokens of a code that is not spent": """
        SELECT count(*) FROM oauth2_provider_refreshtoken token
        JOIN provider_site_authorization family ON family.id = token.token_family WHERE family.consumed_at IS NULL""",
    "a code that is spent for nothing": """
        SELECT count(*) FROM provider_site_authorization family
        WHERE family.consumed_at IS NOT NULL AND family.revoked_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM oauth2_provider_refreshtoken token WHERE token.token_family = family.id)""",
    "a family without a live refresh token that nobody has ended": """
        SELECT count(*) FROM provider_site_authorization family
        WHERE family.consumed_at IS NOT NULL AND family.revoked_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM oauth2_provider_refreshtoken token
            WHERE token.token_family = family.id AND token.revoked IS NULL)""",
    "two live refresh tokens of one family": """
        SELECT count(*) FROM (SELECT token_family FROM oauth2_provider_refreshtoken
        WHERE revoked IS NULL GROUP BY token_family HAVING count(*) > 1) twice""",
    "a person's access token without its refresh token": """
        SELECT count(*) FROM oauth2_provider_accesstoken access
        LEFT JOIN oauth2_provider_refreshtoken token ON token.access_token_id = access.id
        WHERE access.user_id IS NOT NULL AND token.id IS NULL""",
    "a live refresh token without its access token": """
        SELECT count(*) FROM oauth2_provider_refreshtoken token
        LEFT JOIN oauth2_provider_accesstoken access ON access.id = token.access_token_id
        WHERE token.revoked IS NULL AND access.id IS NULL""",
    "a live family of a consent that is over": """
        SELECT count(*) FROM provider_site_authorization family
        JOIN provider_site_consent consent ON consent.id = family.consent_id
        WHERE consent.closed_at IS NOT NULL AND family.consumed_at IS NOT NULL AND family.revoked_at IS NULL""",
    "a consent that is over without its trace": """
        SELECT count(*) FROM provider_site_consent consent WHERE consent.closed_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM provider_site_auditevent trace WHERE trace.action = 'consent.withdrawn'
            AND CAST(trace.data AS text) LIKE '%"consent": ' || consent.id || '}%')""",
}


def rows(database_url: str, statement: str) -> list[Any]:
    """Return what a statement finds, on a connection of its own."""
    if database_url.startswith("sqlite:///"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(statement).fetchall()
    with psycopg.connect(database_url, autocommit=True) as server:
        return server.execute(statement).fetchall()


def broken(database_url: str) -> dict[str, int]:
    """Return what of `NEVER` there is, and how often."""
    if database_url.startswith("sqlite:///"):
        counts = {what: rows(database_url, statement)[0][0] for what, statement in NEVER.items()}
    else:
        with psycopg.connect(database_url, autocommit=True) as server:
            counts = {what: server.execute(statement).fetchone()[0] for what, statement in NEVER.items()}  # type: ignore[arg-type, index]
    return {what: number for what, number in counts.items() if number}
