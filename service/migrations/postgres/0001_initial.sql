-- The same as in ../sqlite, which a test holds it to.
-- Times are milliseconds since 1970-01-01 UTC. Digests are SHA-256.

CREATE TABLE tenants (
    id TEXT PRIMARY KEY NOT NULL,
    created_at BIGINT NOT NULL
);

-- Keys of this service, by their digest: the key itself is shown once and kept nowhere.
CREATE TABLE caller_keys (
    hash TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('caller', 'viewer', 'admin')),
    -- The only tenant that it speaks for; of a key without one, every tenant.
    tenant TEXT REFERENCES tenants (id),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE plugins (
    digest TEXT PRIMARY KEY NOT NULL,
    component BYTEA NOT NULL,
    -- The public key (Ed25519, base64) that it was signed with, when it had to be.
    signer TEXT,
    -- What was found when it was tried, in JSON: see src/judge.rs.
    verdict TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE credentials (
    tenant TEXT NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('api_key', 'session_token')),
    account TEXT NOT NULL,
    -- The secret, encrypted: see src/seal.rs.
    sealed BYTEA,
    -- Or what it is called in the outside vault.
    vault TEXT,
    -- Of the head, when it was stored.
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name),
    CHECK ((sealed IS NULL) <> (vault IS NULL))
);

-- Of each tenant and app, the highest version holds. None is ever changed.
CREATE TABLE grants (
    tenant TEXT NOT NULL REFERENCES tenants (id),
    app TEXT NOT NULL,
    version BIGINT NOT NULL,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, app, version)
);

CREATE TABLE executions (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    app TEXT NOT NULL,
    action TEXT NOT NULL,
    effect TEXT NOT NULL,
    idempotency_key TEXT,
    request_digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'errored', 'in_doubt', 'settled_ran', 'settled_not_run')),
    -- What the caller was answered, to be answered again.
    status BIGINT,
    answer TEXT,
    note TEXT,
    -- How it could be found out whether it ran, in JSON: see src/settle.rs.
    settle_by TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- The process that runs it.
    instance TEXT NOT NULL
);

CREATE UNIQUE INDEX executions_by_idempotency_key ON executions (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_by_end ON executions (ended_at) WHERE answer IS NOT NULL;
CREATE INDEX executions_by_state ON executions (state, started_at, id);
CREATE INDEX executions_by_tenant ON executions (tenant, started_at, id);
CREATE INDEX executions_by_app ON executions (app, started_at, id);
CREATE INDEX executions_by_start ON executions (started_at, id);
-- Few at any time, and asked for of each tenant.
CREATE INDEX executions_in_doubt ON executions (tenant) WHERE state = 'in_doubt';

-- The journal: one row for each request that may change something, written before it leaves.
CREATE TABLE sends (
    execution TEXT NOT NULL REFERENCES executions (id),
    request BIGINT NOT NULL,
    app TEXT NOT NULL,
    action TEXT NOT NULL,
    effect TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sending', 'answered', 'not_sent', 'in_doubt')),
    status BIGINT,
    sent_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (execution, request)
);

-- Append only. Each line holds the hash of the one before: see src/chain.rs.
CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    tenant TEXT,
    correlation TEXT,
    line TEXT NOT NULL,
    hash TEXT NOT NULL
);

CREATE INDEX audit_by_correlation ON audit (correlation);
CREATE INDEX audit_by_tenant ON audit (tenant, sequence);

-- One row: the last line of the audit, and how often anything was changed that services keep in memory.
CREATE TABLE head (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL,
    generation BIGINT NOT NULL
);

INSERT INTO head (id, sequence, hash, generation)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0);

-- The processes that use this database, each with the number that it locks as long as it lives: see src/database.rs.
CREATE TABLE instances (
    id TEXT PRIMARY KEY NOT NULL,
    lock BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
