-- Connections of tenants to advertising platforms, with everything that refreshing their tokens needs.
--
-- Why: one row is one tenant's grant at one provider. The row is also the lease under which its token is refreshed and
-- the record that an attempt was made, so that no lock is held and no second store is asked while a provider answers.
-- One table, partitioned by provider: each platform has a real table, and a question across platforms is one query.
--
-- Isolation: row-level security is enabled and forced on the parent and on every partition. A transaction sees the rows
-- of the tenant in app.tenant_id and of nobody else; without that setting it sees none. Four roles without login carry
-- the rights: integrations_app works as one tenant; integrations_jobs asks across tenants and may read no secret;
-- integrations_reads gives access tokens, and integrations_refreshes reads and replaces tokens, both of the tenants that a
-- statement names in app.tenant_ids and of nobody else.
-- What happens on every request is a function of theirs, so that the policies hold whoever the host logs in as, a
-- superuser included. A function that works as a tenant puts app.tenant_id back to what it was: the next statement of the
-- same transaction is the business of whoever began it. (A SET clause of the function would do the same, but only a
-- superuser may write one for a setting of this kind.)
--
-- Locks: none on what exists; all objects are new. Code that does not know them runs on.

DO $$
DECLARE
  v_role text;
  v_is_superuser boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
  v_is_member boolean;
BEGIN
  FOREACH v_role IN ARRAY ARRAY[
    'integrations_app', 'integrations_jobs', 'integrations_reads', 'integrations_refreshes'
  ] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
    END IF;
    -- From 16 on, whoever creates a role is a member that may neither act as it nor use its rights.
    v_is_member := pg_has_role(v_role, 'USAGE') AND CASE
      WHEN current_setting('server_version_num')::integer >= 160000 THEN pg_has_role(v_role, 'SET')
      ELSE pg_has_role(v_role, 'MEMBER')
    END;
    -- A login without superuser's rights hands functions only to a role that it is a member of,
    -- and only when that role may create in the schema.
    IF NOT v_is_superuser AND NOT v_is_member THEN
      EXECUTE format('GRANT %I TO %I', v_role, current_user);
    END IF;
    IF NOT has_schema_privilege(v_role, 'public', 'USAGE') THEN
      EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', v_role);
    END IF;
    IF NOT v_is_superuser AND NOT has_schema_privilege(v_role, 'public', 'CREATE') THEN
      EXECUTE format('GRANT CREATE ON SCHEMA public TO %I', v_role);
    END IF;
  END LOOP;
END $$;

CREATE TYPE public.integrations_status AS ENUM ('pending_account_selection', 'active', 'needs_reauth', 'disconnected');
CREATE TYPE public.integrations_reauth_reason AS ENUM ('revoked_or_expired', 'rotation_lost', 'permission_removed');

-- Words are enums and there is one constraint, because every constraint is read anew for every update: a dozen of them
-- took twice as long as the update itself. No tenant has an empty id: that is what app.tenant_id is after it was set.
CREATE TABLE public.integration_connections (
  tenant_id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  grant_id text COLLATE "C" NOT NULL,
  client_id text COLLATE "C" NOT NULL,

  status public.integrations_status NOT NULL,
  status_when_healed public.integrations_status NOT NULL,
  reauth_reason public.integrations_reauth_reason,

  token_version integer NOT NULL,
  rejected_version integer,
  row_version integer NOT NULL,
  access_token text,
  refresh_token text,
  previous_refresh_token text,
  candidates jsonb NOT NULL DEFAULT '[]',
  last_write_id text,

  token_lifetime_ms double precision,
  token_expires_at timestamptz,
  refresh_expires_at timestamptz,
  data_access_expires_at timestamptz,

  lease_owner text,
  lease_epoch integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  attempt_no integer NOT NULL DEFAULT 0,
  attempt_started_at timestamptz,
  next_attempt_at timestamptz,
  hour_started_at timestamptz,
  hour_attempts integer NOT NULL DEFAULT 0,
  uncertain_since timestamptz,
  suspect_until timestamptz,
  due_at timestamptz NOT NULL,

  last_error_code text,
  last_error_at timestamptz,
  last_sync_at timestamptz,
  connected_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,

  subject_issuer text COLLATE "C",
  subject_id text COLLATE "C",
  subject_name text,
  scopes text[] NOT NULL DEFAULT '{}',
  accounts jsonb NOT NULL DEFAULT '[]',
  selected_account_id text,
  selected_account_name text,
  details jsonb NOT NULL DEFAULT '{}',

  PRIMARY KEY (tenant_id, provider, label),
  CHECK (
    tenant_id <> '' AND CASE status
      WHEN 'disconnected' THEN coalesce(access_token, refresh_token, previous_refresh_token) IS NULL AND candidates = '[]'
      ELSE access_token IS NOT NULL
    END
  )
) PARTITION BY LIST (provider);

-- A claim writes a new version of the row into the free part of its page and touches no index (docs/storage.md).
CREATE TABLE public.meta_ad_connections PARTITION OF public.integration_connections
  (UNIQUE (tenant_id, label)) FOR VALUES IN ('meta') WITH (fillfactor = 70);
CREATE TABLE public.google_ads_connections PARTITION OF public.integration_connections
  (UNIQUE (tenant_id, label)) FOR VALUES IN ('google_ads') WITH (fillfactor = 70);
CREATE TABLE public.tiktok_ad_connections PARTITION OF public.integration_connections
  (UNIQUE (tenant_id, label)) FOR VALUES IN ('tiktok') WITH (fillfactor = 70);
CREATE TABLE public.klaviyo_connections PARTITION OF public.integration_connections
  (UNIQUE (tenant_id, label)) FOR VALUES IN ('klaviyo') WITH (fillfactor = 70);
CREATE TABLE public.other_connections PARTITION OF public.integration_connections
  DEFAULT WITH (fillfactor = 70);

CREATE INDEX integration_connections_due ON public.integration_connections (provider, due_at, tenant_id)
  WHERE status IN ('active', 'pending_account_selection');
CREATE INDEX integration_connections_subject ON public.integration_connections (subject_id)
  WHERE subject_id IS NOT NULL;

-- Grants that could not yet be revoked at their provider. They outlive their connection and their tenant.
CREATE TABLE public.pending_revocations (
  id text COLLATE "C" PRIMARY KEY DEFAULT gen_random_uuid()::text,
  tenant_id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL,
  connection_id text NOT NULL,
  grant_id text NOT NULL,
  token_version integer NOT NULL,
  client_id text NOT NULL,
  subject_issuer text,
  subject_id text,
  subject_name text,
  access_token text,
  refresh_token text,
  candidates jsonb NOT NULL DEFAULT '[]',
  added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX pending_revocations_due ON public.pending_revocations (due_at);

-- States between an authorization request and its response, where Postgres keeps them. Keys are hashes.
CREATE TABLE public.integration_states (
  key text COLLATE "C" PRIMARY KEY,
  sealed text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX integration_states_expiry ON public.integration_states (expires_at);

-- The second barrier: a state that was consumed stays consumed, whatever the state store forgets.
CREATE TABLE public.consumed_states (
  key text COLLATE "C" PRIMARY KEY,
  keep_until timestamptz NOT NULL
);
CREATE INDEX consumed_states_expiry ON public.consumed_states (keep_until);

-- How often connections were started, by hash of the tenant or initiator. Lost with a crash, which costs nothing.
CREATE UNLOGGED TABLE public.integration_start_counters (
  bucket text COLLATE "C" PRIMARY KEY,
  count integer NOT NULL,
  window_ends_at timestamptz NOT NULL
);
CREATE INDEX integration_start_counters_end ON public.integration_start_counters (window_ends_at);

-- What all processes know of our app at a provider: until when the provider wants nothing from it, and when the next
-- request of its budget may be sent. A row is written when there is something to say, and read by every claim.
CREATE TABLE public.provider_apps (
  provider text COLLATE "C" NOT NULL,
  client_id text COLLATE "C" NOT NULL,
  paused_until timestamptz,
  pause_reason text CHECK (pause_reason IN ('rate_limited', 'misconfigured')),
  next_request_at timestamptz,
  PRIMARY KEY (provider, client_id)
) WITH (fillfactor = 20);

-- Data keys, wrapped by a key that never leaves its KMS.
CREATE TABLE public.data_keys (
  id text COLLATE "C" PRIMARY KEY,
  partition text COLLATE "C" NOT NULL,
  generation integer NOT NULL,
  kms_key_id text NOT NULL,
  wrapped text NOT NULL,
  fingerprint text NOT NULL,
  state text NOT NULL CHECK (state IN ('active', 'decrypt', 'revoked')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (partition, generation)
);
CREATE UNIQUE INDEX data_keys_active ON public.data_keys (partition) WHERE state = 'active';

-- The policies of all roles but that of one tenant ask who is acting, not who is a member: a login that was made a member
-- of them, to migrate, sees no more for it. Some statements are about many tenants, each named: the list is read once for
-- the statement, and for reads is the condition of an index. Who acts is asked within it, because a condition of its own
-- would make the planner expect one row, and a group of reads compare each with each. What is leased and stored is looked
-- up by its key alone: there the condition of an index would offer the planner all rows of the tenants that are named.
DO $$
DECLARE
  v_table text;
BEGIN
  CREATE POLICY integrations_refreshes ON public.integration_connections TO integrations_refreshes USING (
    (SELECT CASE current_user WHEN 'integrations_refreshes' THEN
      nullif(current_setting('app.tenant_ids', true), '')::text[] END) @> ARRAY[tenant_id]);
  FOREACH v_table IN ARRAY ARRAY[
    'integration_connections', 'meta_ad_connections', 'google_ads_connections', 'tiktok_ad_connections',
    'klaviyo_connections', 'other_connections', 'pending_revocations'
  ] LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_table);
    EXECUTE format(
      $policy$CREATE POLICY integrations_tenant ON public.%I TO integrations_app
        USING (tenant_id = current_setting('app.tenant_id', true))$policy$, v_table);
    EXECUTE format(
      $policy$CREATE POLICY integrations_jobs ON public.%I TO integrations_jobs
        USING (current_user = 'integrations_jobs')$policy$, v_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO integrations_app', v_table);
  END LOOP;
  FOREACH v_table IN ARRAY ARRAY[
    'meta_ad_connections', 'google_ads_connections', 'tiktok_ad_connections', 'klaviyo_connections', 'other_connections'
  ] LOOP
    EXECUTE format(
      $policy$CREATE POLICY integrations_reads ON public.%I TO integrations_reads USING (
        tenant_id = ANY ((SELECT CASE current_user WHEN 'integrations_reads' THEN
          nullif(current_setting('app.tenant_ids', true), '')::text[] END)::text[]))$policy$, v_table);
    EXECUTE format(
      $grant$GRANT SELECT (
        tenant_id, provider, label, id, grant_id, token_version, status, reauth_reason, access_token, token_expires_at,
        token_lifetime_ms, lease_until, next_attempt_at, suspect_until, last_error_code
      ) ON public.%I TO integrations_reads$grant$, v_table);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE
  ON public.integration_states, public.consumed_states, public.integration_start_counters TO integrations_app;
GRANT SELECT, INSERT, UPDATE ON public.data_keys, public.provider_apps TO integrations_app;
GRANT SELECT ON public.provider_apps TO integrations_jobs;
GRANT SELECT ON public.integration_migrations TO integrations_app;

GRANT SELECT (
  tenant_id, provider, label, id, client_id, status, due_at, lease_owner, lease_epoch, lease_until, attempt_no,
  next_attempt_at, hour_started_at, hour_attempts, uncertain_since, suspect_until, subject_issuer, subject_id,
  reauth_reason, last_error_code, refresh_expires_at, data_access_expires_at, connected_at
) ON public.integration_connections TO integrations_jobs;
GRANT UPDATE (
  lease_owner, lease_epoch, lease_until, attempt_no, attempt_started_at, next_attempt_at, hour_started_at,
  hour_attempts, uncertain_since
) ON public.integration_connections TO integrations_jobs;
GRANT SELECT (id, tenant_id, due_at), UPDATE (due_at) ON public.pending_revocations TO integrations_jobs;

GRANT SELECT (
  tenant_id, provider, label, id, grant_id, client_id, status, status_when_healed, token_version, access_token,
  refresh_token, previous_refresh_token, candidates, last_write_id, token_expires_at, refresh_expires_at, lease_owner,
  lease_epoch, lease_until, attempt_no, uncertain_since, suspect_until
) ON public.integration_connections TO integrations_refreshes;
GRANT UPDATE (
  token_version, access_token, refresh_token, previous_refresh_token, candidates, last_write_id, token_lifetime_ms,
  token_expires_at, refresh_expires_at, due_at, status, reauth_reason, lease_owner, lease_until, attempt_no,
  attempt_started_at, next_attempt_at, hour_started_at, hour_attempts, uncertain_since, suspect_until, last_error_code,
  last_error_at, last_sync_at, updated_at
) ON public.integration_connections TO integrations_refreshes;

-- The hot read, for each partition by name: through the parent the same read takes half as long again. One reading is one
-- JSON array, which costs both sides less than columns, and ends early for a connection that is active and that nobody is
-- refreshing or failed to, as nearly all are. For one key that is a statement of its own: a plan costs time only when it
-- runs, and a CASE in the first would cost as much as it saves. The second function gives the readings of many keys, each
-- after its place among them, for a fifth of what they would cost one by one.
--
-- Both say first which tenants they were asked for, in a setting that nothing else looks at. Both name the schema of
-- everything they use, operators included: a SET clause for search_path, which says the same of the functions further
-- down, takes as long as a read. Keys are read out of subqueries wherever they are used: a plan that looks cheaper for
-- the values of one call would be made anew for each, which takes several times as long as the read. Labels are asked
-- for twice: by the tenants alone, which the policy names, the index would be searched for all rows of a large tenant.
DO $$
DECLARE
  v_table text;
  v_of_provider text;
  v_of_providers text;
  v_usual text := $usual$c.id, c.grant_id, c.token_version, c.access_token,
          pg_catalog.date_part('epoch', c.token_expires_at OPERATOR(pg_catalog.-) v_now) OPERATOR(pg_catalog.*) 1000,
          c.token_lifetime_ms$usual$;
  v_is_usual text := $is_usual$c.status OPERATOR(pg_catalog.=) 'active' AND c.lease_until IS NULL
          AND c.next_attempt_at IS NULL AND c.suspect_until IS NULL AND c.last_error_code IS NULL$is_usual$;
  v_rest text := $rest$c.status, c.reauth_reason,
          pg_catalog.date_part('epoch', c.lease_until OPERATOR(pg_catalog.-) v_now) OPERATOR(pg_catalog.*) 1000,
          pg_catalog.date_part('epoch', greatest(c.next_attempt_at, c.suspect_until) OPERATOR(pg_catalog.-) v_now)
            OPERATOR(pg_catalog.*) 1000,
          c.last_error_code$rest$;
BEGIN
  FOREACH v_table IN ARRAY ARRAY[
    'meta_ad_connections', 'google_ads_connections', 'tiktok_ad_connections', 'klaviyo_connections', 'other_connections'
  ] LOOP
    v_of_provider := CASE v_table WHEN 'other_connections' THEN 'AND c.provider OPERATOR(pg_catalog.=) %s' ELSE '' END;
    v_of_providers := CASE v_of_provider WHEN '' THEN ''
      ELSE 'AND c.provider OPERATOR(pg_catalog.=) ANY ((SELECT p_providers)::pg_catalog.text[])' END;
    EXECUTE format($create$
      CREATE FUNCTION public.%1$I(p_tenant text, p_provider text, p_label text) RETURNS text
      LANGUAGE plpgsql SECURITY DEFINER
      AS $function$
      DECLARE
        v_asked pg_catalog.text :=
          pg_catalog.set_config('app.tenant_ids', (ARRAY[p_tenant])::pg_catalog.text, true);
        v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
        v_reading pg_catalog.text;
      BEGIN
        SELECT pg_catalog.json_build_array(%4$s)::pg_catalog.text INTO v_reading FROM public.%2$I c
        WHERE c.tenant_id OPERATOR(pg_catalog.=) p_tenant AND c.label OPERATOR(pg_catalog.=) p_label %3$s
          AND %5$s;
        IF v_reading IS NULL THEN
          SELECT pg_catalog.json_build_array(%4$s, %6$s)::pg_catalog.text INTO v_reading FROM public.%2$I c
          WHERE c.tenant_id OPERATOR(pg_catalog.=) p_tenant AND c.label OPERATOR(pg_catalog.=) p_label %3$s;
        END IF;
        RETURN v_reading;
      END $function$
    $create$, 'integrations_read_' || v_table, v_table, format(v_of_provider, 'p_provider'), v_usual, v_is_usual, v_rest);
    EXECUTE format($create$
      CREATE FUNCTION public.%1$I(p_tenants text[], p_providers text[], p_labels text[]) RETURNS text
      LANGUAGE plpgsql SECURITY DEFINER
      AS $function$
      DECLARE
        v_asked pg_catalog.text := pg_catalog.set_config('app.tenant_ids', p_tenants::pg_catalog.text, true);
        v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
        v_readings pg_catalog.text;
      BEGIN
        SELECT pg_catalog.string_agg(CASE WHEN %6$s
          THEN pg_catalog.json_build_array(k.place, %4$s)::pg_catalog.text
          ELSE pg_catalog.json_build_array(k.place, %4$s, %7$s)::pg_catalog.text END, ',') INTO v_readings
        FROM ROWS FROM (
          pg_catalog.unnest((SELECT p_tenants)), pg_catalog.unnest((SELECT p_providers)), pg_catalog.unnest((SELECT p_labels))
        ) WITH ORDINALITY AS k(tenant, provider, label, place)
        JOIN public.%2$I c
          ON c.tenant_id OPERATOR(pg_catalog.=) k.tenant AND c.label OPERATOR(pg_catalog.=) k.label %3$s
        WHERE c.label OPERATOR(pg_catalog.=) ANY ((SELECT p_labels)::pg_catalog.text[]) %5$s;
        RETURN pg_catalog.concat('[', v_readings, ']');
      END $function$
    $create$, 'integrations_read_many_' || v_table, v_table, format(v_of_provider, 'k.provider'), v_usual, v_of_providers,
      v_is_usual, v_rest);
  END LOOP;
END $$;

-- The functions that follow go through the parent. One plan serves all partitions; left to itself the planner would make
-- a new one for every call, which takes longer than the call. Rows that are named are found by tenant_id = ANY (ARRAY[…]):
-- of an equality the planner might make a join that reads the whole table, and keep it if the table was empty at first.

-- What a worker needs of a connection that it has leased; or, of a claim that has to wait for its app, why and how long.
CREATE TYPE public.integrations_lease AS (
  tenant_id text,
  provider text,
  label text,
  connection_id text,
  grant_id text,
  client_id text,
  token_version integer,
  epoch integer,
  attempt integer,
  is_uncertain boolean,
  is_suspect boolean,
  access_token text,
  refresh_token text,
  previous_refresh_token text,
  candidates jsonb,
  remaining_ms double precision,
  pause_reason text,
  pause_ms double precision
);

-- One statement claims: of any number of callers one gets the row. The attempt is counted before anything is sent, and
-- not at all while the app has to wait: because its provider said so, or because its next turn is more than
-- p_max_wait_ms away. A row that somebody else's transaction holds is given up before the caller stops waiting.
-- Which statuses are live is said in other words than those of the index on what is due, so that no plan searches that one.
CREATE FUNCTION public.integrations_claim(
  p_tenant text, p_provider text, p_label text, p_token_version integer, p_owner text, p_ttl_ms double precision,
  p_backoff_base_ms double precision, p_backoff_cap_ms double precision, p_backoff_jitter double precision,
  p_max_attempts integer, p_client_id text, p_max_wait_ms double precision
) RETURNS SETOF public.integrations_lease
LANGUAGE plpgsql SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET lock_timeout = '1s'
AS $$
DECLARE
  v_before text := coalesce(current_setting('app.tenant_id', true), '');
  v_now timestamptz := clock_timestamp();
  v_refused public.integrations_lease;
BEGIN
  SELECT
    CASE WHEN a.paused_until > v_now THEN a.pause_reason ELSE 'budget' END,
    1000 * date_part('epoch', CASE
      WHEN a.paused_until > v_now THEN a.paused_until
      ELSE a.next_request_at - p_max_wait_ms * interval '1 millisecond'
    END - v_now)
  INTO v_refused.pause_reason, v_refused.pause_ms
  FROM public.provider_apps a
  WHERE a.provider = p_provider AND a.client_id = p_client_id
    AND (a.paused_until > v_now OR a.next_request_at > v_now + p_max_wait_ms * interval '1 millisecond');
  IF FOUND THEN
    RETURN NEXT v_refused;
    RETURN;
  END IF;
  PERFORM set_config('app.tenant_id', p_tenant, true);
  PERFORM set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local');
  RETURN QUERY UPDATE public.integration_connections c SET
    lease_owner = p_owner,
    lease_epoch = c.lease_epoch + 1,
    lease_until = v_now + p_ttl_ms * interval '1 millisecond',
    -- An owner that fell silent may have had its answer.
    uncertain_since = CASE WHEN c.lease_owner IS NULL THEN c.uncertain_since ELSE coalesce(c.uncertain_since, v_now) END,
    attempt_no = c.attempt_no + 1,
    attempt_started_at = v_now,
    next_attempt_at = v_now + interval '1 millisecond' * floor(
      least(p_backoff_cap_ms, p_backoff_base_ms * power(2, least(c.attempt_no, 20))) * (1 - p_backoff_jitter / 2)),
    hour_started_at = CASE WHEN c.hour_started_at > v_now - interval '1 hour' THEN c.hour_started_at ELSE v_now END,
    hour_attempts = CASE WHEN c.hour_started_at > v_now - interval '1 hour' THEN c.hour_attempts + 1 ELSE 1 END
  WHERE c.tenant_id = p_tenant AND c.provider = p_provider AND c.label = p_label
    AND c.token_version = p_token_version
    AND c.status NOT IN ('needs_reauth', 'disconnected')
    AND (c.lease_until IS NULL OR c.lease_until <= v_now)
    AND (c.next_attempt_at IS NULL OR c.next_attempt_at <= v_now)
    AND (c.suspect_until IS NULL OR c.suspect_until <= v_now)
    AND (c.hour_started_at IS NULL OR c.hour_started_at <= v_now - interval '1 hour' OR c.hour_attempts < p_max_attempts)
    AND p_max_attempts > 0
  RETURNING
    c.tenant_id, c.provider, c.label, c.id, c.grant_id, c.client_id, c.token_version, c.lease_epoch, c.attempt_no,
    c.uncertain_since IS NOT NULL, c.suspect_until IS NOT NULL,
    c.access_token, c.refresh_token, c.previous_refresh_token, c.candidates,
    date_part('epoch', c.token_expires_at - v_now) * 1000, NULL::text, NULL::double precision;
  PERFORM set_config('app.tenant_id', v_before, true);
END $$;

-- Leases due connections of all tenants and names them; their secrets are read afterwards, by another role.
-- Takes the longest due first and no more than p_max_per_tenant of one tenant: who reaches that is left out when the
-- search goes on, and gets the rest when nobody else waits. Of several workers each takes rows that no other is taking.
-- What may not be taken is not read, however much of it is due. Each provider is searched by itself, and one that is held
-- back not at all; tenants are left out by searching the gaps between them in the index on what is due, which passes over
-- their entries; and what backs off is not due before its next attempt. The planner must walk that index, whatever it
-- believes to know of a table that grew since it was analyzed.
-- What has to wait for its app is left out, and of an app with a budget no more is taken than there are turns within
-- max_wait_ms. Where something is due for it nevertheless, a last row without a key says when it is worth asking again.
CREATE FUNCTION public.integrations_claim_due(p_limit integer, p_max_per_tenant integer, p_claims json)
RETURNS TABLE (tenant_id text, provider text, label text, epoch integer, held_back_ms double precision)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_behind_all text := (SELECT max(c.tenant_id) || '~' FROM public.integration_connections c);
  v_share integer := greatest(p_max_per_tenant, 1);
  v_providers text[];
  v_owners text[];
  v_ttls double precision[];
  v_bases double precision[];
  v_caps double precision[];
  v_jitters double precision[];
  v_most integer[];
  v_intervals double precision[];
  v_turns integer[];
  v_limits integer[];
  v_held double precision[];
  v_held_back_ms double precision;
  v_taken text[] := '{}';
  v_full text[] := '{}';
  v_tenants text[];
  v_platforms text[];
  v_labels text[];
  v_places integer[];
  v_at integer;
  v_wanted integer;
  v_seen integer;
  v_row record;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local');
  SELECT array_agg(x.provider), array_agg(x.owner), array_agg(x.ttl_ms), array_agg(x.base_ms), array_agg(x.cap_ms),
    array_agg(x.jitter), array_agg(CASE WHEN a.held_back_ms > 0 THEN 0 ELSE x.max_attempts END),
    array_agg(x.interval_ms),
    array_agg(CASE WHEN x.interval_ms > 0 THEN greatest(1, ceil((x.max_wait_ms - a.ahead_ms) / x.interval_ms))::integer END),
    array_agg(x.max_attempts), array_agg(a.held_back_ms)
  INTO v_providers, v_owners, v_ttls, v_bases, v_caps, v_jitters, v_most, v_intervals, v_turns, v_limits, v_held
  FROM json_to_recordset(p_claims) AS x(
    provider text, owner text, ttl_ms double precision, base_ms double precision, cap_ms double precision,
    jitter double precision, max_attempts integer, client_id text, interval_ms double precision,
    max_wait_ms double precision)
  CROSS JOIN LATERAL (
    SELECT b.ahead_ms, nullif(greatest(b.paused_ms, b.ahead_ms - x.max_wait_ms, 0), 0) AS held_back_ms FROM (
      SELECT greatest(max(date_part('epoch', p.next_request_at - v_now)) * 1000, 0) AS ahead_ms,
        max(date_part('epoch', p.paused_until - v_now)) * 1000 AS paused_ms
      FROM public.provider_apps p WHERE p.provider = x.provider AND p.client_id = x.client_id
    ) b
  ) a;
  LOOP
    v_wanted := p_limit - cardinality(v_taken);
    EXIT WHEN v_wanted <= 0 OR 0 = ALL (v_most);
    v_seen := 0;
    v_tenants := '{}';
    v_platforms := '{}';
    v_labels := '{}';
    v_places := '{}';
    FOR v_row IN
      SELECT due.tenant_id, p.provider, due.label, p.at
      FROM unnest(v_providers, v_most) WITH ORDINALITY AS p(provider, most, at)
      CROSS JOIN unnest(array_prepend('', v_full), array_append(v_full, v_behind_all)) AS gap(after, before)
      CROSS JOIN LATERAL (
        SELECT c.tenant_id, c.label, c.due_at FROM public.integration_connections c
        WHERE c.provider = p.provider
          AND c.status IN ('active', 'pending_account_selection')
          AND c.due_at <= v_now
          AND c.tenant_id > gap.after AND c.tenant_id < gap.before
          AND (c.lease_until IS NULL OR c.lease_until <= v_now)
          AND (c.next_attempt_at IS NULL OR c.next_attempt_at <= v_now)
          AND (c.suspect_until IS NULL OR c.suspect_until <= v_now)
          AND p.most > CASE WHEN c.hour_started_at > v_now - interval '1 hour' THEN c.hour_attempts ELSE 0 END
        ORDER BY c.due_at
        LIMIT v_wanted
        FOR NO KEY UPDATE SKIP LOCKED
      ) due
      WHERE p.most > 0
      ORDER BY due.due_at
      LIMIT v_wanted
    LOOP
      v_seen := v_seen + 1;
      IF cardinality(array_positions(v_taken, v_row.tenant_id)) >= v_share THEN
        IF v_row.tenant_id <> ALL (v_full) THEN
          v_full := ARRAY(SELECT t.id FROM unnest(array_append(v_full, v_row.tenant_id)) AS t(id) ORDER BY t.id COLLATE "C");
        END IF;
        CONTINUE;
      END IF;
      v_at := v_row.at;
      CONTINUE WHEN v_turns[v_at] <= 0;
      v_taken := array_append(v_taken, v_row.tenant_id);
      v_tenants := array_append(v_tenants, v_row.tenant_id);
      v_platforms := array_append(v_platforms, v_row.provider);
      v_labels := array_append(v_labels, v_row.label);
      v_places := array_append(v_places, v_at);
      v_turns[v_at] := v_turns[v_at] - 1;
      IF v_turns[v_at] <= 0 THEN
        v_most[v_at] := 0;
        v_held[v_at] := v_intervals[v_at];
      END IF;
    END LOOP;
    RETURN QUERY UPDATE public.integration_connections c SET
        lease_owner = v_owners[k.at],
        lease_epoch = c.lease_epoch + 1,
        lease_until = v_now + v_ttls[k.at] * interval '1 millisecond',
        uncertain_since =
          CASE WHEN c.lease_owner IS NULL THEN c.uncertain_since ELSE coalesce(c.uncertain_since, v_now) END,
        attempt_no = c.attempt_no + 1,
        attempt_started_at = v_now,
        next_attempt_at = v_now + interval '1 millisecond' * floor(
          least(v_caps[k.at], v_bases[k.at] * power(2, least(c.attempt_no, 20))) * (1 - v_jitters[k.at] / 2)),
        hour_started_at = CASE WHEN c.hour_started_at > v_now - interval '1 hour' THEN c.hour_started_at ELSE v_now END,
        hour_attempts = CASE WHEN c.hour_started_at > v_now - interval '1 hour' THEN c.hour_attempts + 1 ELSE 1 END
      FROM unnest(v_tenants, v_platforms, v_labels, v_places) AS k(tenant, provider, label, at)
      WHERE c.tenant_id = ANY (ARRAY[k.tenant]) AND c.provider = k.provider AND c.label = k.label
      RETURNING c.tenant_id, c.provider, c.label, c.lease_epoch, NULL::double precision;
    IF v_seen < v_wanted THEN
      EXIT WHEN v_full = '{}';
      v_full := '{}';
      v_share := p_limit;
    END IF;
  END LOOP;
  SELECT min(h.ms) INTO v_held_back_ms FROM unnest(v_providers, v_held, v_limits) AS h(provider, ms, most)
  CROSS JOIN LATERAL (
    SELECT FROM public.integration_connections c
    WHERE c.provider = h.provider
      AND c.status IN ('active', 'pending_account_selection')
      AND c.due_at <= v_now
      AND (c.lease_until IS NULL OR c.lease_until <= v_now)
      AND (c.next_attempt_at IS NULL OR c.next_attempt_at <= v_now)
      AND (c.suspect_until IS NULL OR c.suspect_until <= v_now)
      AND h.most > CASE WHEN c.hour_started_at > v_now - interval '1 hour' THEN c.hour_attempts ELSE 0 END
    ORDER BY c.due_at
    LIMIT 1
  ) due
  WHERE h.ms IS NOT NULL;
  IF v_held_back_ms IS NOT NULL THEN
    tenant_id := NULL;
    provider := NULL;
    label := NULL;
    epoch := NULL;
    held_back_ms := v_held_back_ms;
    RETURN NEXT;
  END IF;
END $$;

-- The secrets of connections that were just leased, of the tenants that are named and of no other; leases that ended are
-- left out.
CREATE FUNCTION public.integrations_leased(p_leases json) RETURNS SETOF public.integrations_lease
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
BEGIN
  PERFORM set_config('app.tenant_ids', coalesce(array_agg(x.tenant), '{}')::text, true)
    FROM json_to_recordset(p_leases) AS x(tenant text);
  RETURN QUERY SELECT
    c.tenant_id, c.provider, c.label, c.id, c.grant_id, c.client_id, c.token_version, c.lease_epoch, c.attempt_no,
    c.uncertain_since IS NOT NULL, c.suspect_until IS NOT NULL,
    c.access_token, c.refresh_token, c.previous_refresh_token, c.candidates,
    date_part('epoch', c.token_expires_at - clock_timestamp()) * 1000, NULL::text, NULL::double precision
  FROM json_to_recordset(p_leases) AS x(tenant text, provider text, label text, epoch integer)
  JOIN public.integration_connections c
    ON c.tenant_id = ANY (ARRAY[x.tenant]) AND c.provider = x.provider AND c.label = x.label
  WHERE c.lease_epoch = x.epoch AND c.lease_until IS NOT NULL AND c.status <> 'disconnected';
END $$;

-- Ends the leases that integrations_claim_due made for these claims, whose owners nobody else has, as if they had never
-- been: their attempts do not count, and they may be claimed again at once. What was claimed is still due, and so is found
-- by the index on what is. A row that somebody else is changing is not waited for. Answers how many were found.
CREATE FUNCTION public.integrations_give_back(p_claims json) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_found integer;
BEGIN
  WITH held AS MATERIALIZED (
    SELECT c.* FROM json_to_recordset(p_claims) AS x(provider text, owner text)
    CROSS JOIN LATERAL (
      SELECT c.tenant_id, c.provider, c.label FROM public.integration_connections c
      WHERE c.provider = x.provider AND c.status IN ('active', 'pending_account_selection') AND c.due_at <= v_now
        AND c.lease_owner = x.owner AND c.lease_until IS NOT NULL
      FOR NO KEY UPDATE SKIP LOCKED
    ) c
  )
  UPDATE public.integration_connections c SET
    lease_owner = NULL,
    lease_until = NULL,
    attempt_no = greatest(c.attempt_no - 1, 0),
    hour_attempts = greatest(c.hour_attempts - 1, 0),
    next_attempt_at = NULL
  FROM held h WHERE c.tenant_id = ANY (ARRAY[h.tenant_id]) AND c.provider = h.provider AND c.label = h.label;
  GET DIAGNOSTICS v_found = ROW_COUNT;
  RETURN v_found;
END $$;

-- Stores refreshed tokens, any number at once and each with its own outcome. A result becomes current if its parent still
-- is, whoever holds the lease: the late one may be the only one that lives. Durable when committed, whatever the
-- database's default. A row that another transaction holds is not waited for, because the others would wait with it: it is
-- left as it is, and busy.
CREATE FUNCTION public.integrations_store(p_results json) RETURNS TABLE (item integer, outcome text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET lock_timeout = '1s'
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := clock_timestamp();
  v_held integer[];
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local');
  PERFORM set_config('app.tenant_ids', coalesce(array_agg(x.tenant), '{}')::text, true)
    FROM json_to_recordset(p_results) AS x(tenant text);
  SELECT coalesce(array_agg(h.item), '{}') INTO v_held FROM (
    SELECT x.item FROM json_to_recordset(p_results) AS x(item integer, tenant text, provider text, label text)
    JOIN public.integration_connections c
      ON c.tenant_id = ANY (ARRAY[x.tenant]) AND c.provider = x.provider AND c.label = x.label
    FOR NO KEY UPDATE OF c SKIP LOCKED
  ) h;
  RETURN QUERY
    WITH result AS MATERIALIZED (
      SELECT * FROM json_to_recordset(p_results) AS x(
        item integer, tenant text, provider text, label text, connection text, "grant" text, parent integer,
        epoch integer, write_id text, access_token text, refresh_token text, previous_refresh_token text,
        expires_in_ms double precision, refresh_expires_in_ms double precision, due_in_ms double precision)
    ), stored AS (
      UPDATE public.integration_connections c SET
        token_version = c.token_version + 1,
        access_token = r.access_token,
        refresh_token = r.refresh_token,
        previous_refresh_token = r.previous_refresh_token,
        candidates = '[]',
        last_write_id = r.write_id,
        token_lifetime_ms = r.expires_in_ms,
        token_expires_at = v_now + r.expires_in_ms * interval '1 millisecond',
        refresh_expires_at = CASE
          WHEN r.refresh_expires_in_ms IS NULL
            OR v_now + r.refresh_expires_in_ms * interval '1 millisecond' <= c.refresh_expires_at + interval '1 hour'
          THEN least(c.refresh_expires_at, v_now + r.refresh_expires_in_ms * interval '1 millisecond') END,
        due_at = v_now + r.due_in_ms * interval '1 millisecond',
        status = CASE c.status WHEN 'needs_reauth' THEN c.status_when_healed ELSE c.status END,
        reauth_reason = NULL,
        lease_owner = CASE WHEN c.lease_epoch = r.epoch THEN NULL ELSE c.lease_owner END,
        lease_until = CASE WHEN c.lease_epoch = r.epoch THEN NULL ELSE c.lease_until END,
        attempt_no = 0,
        attempt_started_at = NULL,
        next_attempt_at = NULL,
        hour_started_at = NULL,
        hour_attempts = 0,
        uncertain_since = NULL,
        suspect_until = NULL,
        last_error_code = NULL,
        last_error_at = NULL,
        last_sync_at = v_now,
        updated_at = v_now
      FROM result r
      WHERE r.item = ANY (v_held) AND c.tenant_id = ANY (ARRAY[r.tenant]) AND c.provider = r.provider AND c.label = r.label
        AND c.id = r.connection AND c.grant_id = r."grant" AND c.token_version = r.parent AND c.status <> 'disconnected'
      RETURNING r.item
    )
    SELECT r.item, CASE
      WHEN s.item IS NOT NULL THEN 'stored'
      ELSE coalesce((
        SELECT CASE
          WHEN r.item <> ALL (v_held) THEN 'busy'
          WHEN c.id <> r.connection OR c.grant_id <> r."grant" OR c.status = 'disconnected' THEN 'grant_gone'
          WHEN c.last_write_id = r.write_id THEN 'stored'
          ELSE 'superseded'
        END
        FROM public.integration_connections c
        WHERE c.tenant_id = r.tenant AND c.provider = r.provider AND c.label = r.label
      ), 'grant_gone')
    END
    FROM result r LEFT JOIN stored s ON s.item = r.item;
END $$;

CREATE FUNCTION public.integrations_count_due(p_for_ms double precision) RETURNS TABLE (provider text, due integer)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.provider, count(*)::integer FROM public.integration_connections c
  WHERE c.status IN ('active', 'pending_account_selection')
    AND c.due_at <= (SELECT clock_timestamp() - p_for_ms * interval '1 millisecond')
  GROUP BY c.provider;
$$;

-- What a person should look at, of any tenant: for whoever operates all of it.
CREATE FUNCTION public.integrations_needing_attention(
  p_limit integer, p_notice_ms double precision, p_notice_share double precision
) RETURNS TABLE (
  tenant_id text, provider text, label text, status text, reauth_reason text, last_error_code text,
  grant_expires_at double precision
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.provider, c.label, c.status::text, c.reauth_reason::text, c.last_error_code,
    CASE WHEN e.is_near THEN floor(e.ends * 1000) END
  FROM public.integration_connections c
  CROSS JOIN LATERAL (
    SELECT date_part('epoch', least(c.data_access_expires_at, c.refresh_expires_at)), date_part('epoch', c.connected_at)
  ) AS x(ends, began)
  CROSS JOIN LATERAL (
    SELECT x.ends, c.status IN ('active', 'pending_account_selection') AND date_part('epoch', statement_timestamp()) >=
      x.ends - least(p_notice_ms / 1000, (x.ends - x.began) * p_notice_share) AS is_near
  ) e
  WHERE c.status IN ('needs_reauth', 'pending_account_selection')
    OR (c.status = 'active' AND (c.last_error_code IS NOT NULL OR e.is_near))
  ORDER BY c.tenant_id, c.provider, c.label
  LIMIT p_limit;
$$;

-- Whose connections, of any tenant, hold a grant of one person to one app.
CREATE FUNCTION public.integrations_connections_of(
  p_provider text, p_client_id text, p_subject_issuer text, p_subject_id text
) RETURNS TABLE (tenant_id text, provider text, label text, is_live boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.tenant_id, c.provider, c.label, c.status IN ('active', 'pending_account_selection')
  FROM public.integration_connections c
  WHERE c.provider = p_provider AND c.client_id = p_client_id
    AND c.subject_issuer = p_subject_issuer AND c.subject_id = p_subject_id
    AND c.status <> 'disconnected';
$$;

CREATE FUNCTION public.integrations_claim_revocations(p_limit integer, p_lease_ms double precision)
RETURNS TABLE (id text, tenant_id text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  RETURN QUERY
    WITH due AS (
      SELECT r.id, r.due_at FROM public.pending_revocations r
      WHERE r.due_at <= v_now ORDER BY r.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE public.pending_revocations r SET due_at = v_now + p_lease_ms * interval '1 millisecond'
      FROM due WHERE r.id = due.id
      RETURNING r.id, r.tenant_id, due.due_at AS was_due_at
    )
    SELECT claimed.id, claimed.tenant_id FROM claimed ORDER BY claimed.was_due_at;
END $$;

-- Where secrets are stored, for a rotation of keys: in the order of the key, from behind the given one on. The planner
-- must walk the indexes of the partitions, whatever it believes of the limit.
CREATE FUNCTION public.integrations_sealed_keys(p_tenant text, p_provider text, p_label text, p_limit integer)
RETURNS TABLE (tenant_id text, provider text, label text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
BEGIN
  RETURN QUERY SELECT c.tenant_id, c.provider, c.label FROM public.integration_connections c
    WHERE (c.tenant_id, c.provider, c.label) > (p_tenant, p_provider, p_label) AND c.status <> 'disconnected'
    ORDER BY c.tenant_id, c.provider, c.label LIMIT p_limit;
END $$;

CREATE FUNCTION public.integrations_sealed_revocation_keys(p_after text, p_limit integer)
RETURNS TABLE (tenant_id text, revocation text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT r.tenant_id, r.id FROM public.pending_revocations r WHERE r.id > p_after ORDER BY r.id LIMIT p_limit;
$$;

-- The secrets of connections, by their key or their id, and of queued revocations, each read as its own tenant.
CREATE FUNCTION public.integrations_sealed(p_rows json) RETURNS TABLE (
  revocation text, tenant_id text, provider text, label text, connection_id text, grant_id text, token_version integer,
  access_token text, refresh_token text, previous_refresh_token text, candidates jsonb
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_before text := coalesce(current_setting('app.tenant_id', true), '');
  v_row record;
BEGIN
  FOR v_row IN SELECT * FROM json_to_recordset(p_rows) AS x(
    revocation text, tenant_id text, provider text, label text, connection_id text)
  LOOP
    PERFORM set_config('app.tenant_id', v_row.tenant_id, true);
    IF v_row.revocation IS NULL THEN
      RETURN QUERY SELECT NULL::text, c.tenant_id, c.provider, c.label, c.id, c.grant_id, c.token_version,
          c.access_token, c.refresh_token, c.previous_refresh_token, c.candidates
        FROM public.integration_connections c
        WHERE c.tenant_id = v_row.tenant_id AND c.provider = v_row.provider
          AND (v_row.label IS NULL OR c.label = v_row.label)
          AND (v_row.connection_id IS NULL OR c.id = v_row.connection_id)
          AND c.status <> 'disconnected';
    ELSE
      RETURN QUERY SELECT r.id, r.tenant_id, r.provider, r.label, r.connection_id, r.grant_id, r.token_version,
          r.access_token, r.refresh_token, NULL::text, r.candidates
        FROM public.pending_revocations r WHERE r.tenant_id = v_row.tenant_id AND r.id = v_row.revocation;
    END IF;
  END LOOP;
  PERFORM set_config('app.tenant_id', v_before, true);
END $$;

-- Puts values that were sealed again in the place of those that they were opened from, each as its own tenant. What was
-- written meanwhile stays: a value gives way only to its own successor, and neither versions nor leases move. On disk
-- before it is answered, because a key may be thrown away for it. Rows are taken in one order, so that two rotations never
-- wait for each other, and none is waited for long while the others are held.
CREATE FUNCTION public.integrations_reseal(p_rows json) RETURNS TABLE (item integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET lock_timeout = '1s'
AS $$
DECLARE
  v_before text := coalesce(current_setting('app.tenant_id', true), '');
  v_row record;
  v_is_replaced boolean;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local');
  FOR v_row IN
    SELECT * FROM json_to_recordset(p_rows) AS x(
      item integer, revocation text, tenant_id text, provider text, label text, connection_id text, grant_id text,
      token_version integer, old_access text, new_access text, old_refresh text, new_refresh text, old_previous text,
      new_previous text, old_candidates jsonb, new_candidates jsonb)
    ORDER BY x.tenant_id COLLATE "C", x.provider COLLATE "C", x.label COLLATE "C", x.item
  LOOP
    PERFORM set_config('app.tenant_id', v_row.tenant_id, true);
    IF v_row.revocation IS NULL THEN
      UPDATE public.integration_connections c SET
        access_token = CASE c.access_token WHEN v_row.old_access THEN v_row.new_access ELSE c.access_token END,
        refresh_token = CASE c.refresh_token WHEN v_row.old_refresh THEN v_row.new_refresh ELSE c.refresh_token END,
        previous_refresh_token = CASE c.previous_refresh_token
          WHEN v_row.old_previous THEN v_row.new_previous ELSE c.previous_refresh_token END,
        candidates = CASE c.candidates WHEN v_row.old_candidates THEN v_row.new_candidates ELSE c.candidates END
      WHERE c.tenant_id = v_row.tenant_id AND c.provider = v_row.provider AND c.label = v_row.label
        AND c.id = v_row.connection_id AND c.grant_id = v_row.grant_id AND c.token_version = v_row.token_version
        AND c.status <> 'disconnected'
      RETURNING c.access_token IS NOT DISTINCT FROM v_row.new_access
        AND c.refresh_token IS NOT DISTINCT FROM v_row.new_refresh
        AND c.previous_refresh_token IS NOT DISTINCT FROM v_row.new_previous
        AND c.candidates = v_row.new_candidates
      INTO v_is_replaced;
    ELSE
      UPDATE public.pending_revocations r SET
        access_token = CASE r.access_token WHEN v_row.old_access THEN v_row.new_access ELSE r.access_token END,
        refresh_token = CASE r.refresh_token WHEN v_row.old_refresh THEN v_row.new_refresh ELSE r.refresh_token END,
        candidates = CASE r.candidates WHEN v_row.old_candidates THEN v_row.new_candidates ELSE r.candidates END
      WHERE r.tenant_id = v_row.tenant_id AND r.id = v_row.revocation AND r.grant_id = v_row.grant_id
        AND r.token_version = v_row.token_version
      RETURNING r.access_token IS NOT DISTINCT FROM v_row.new_access
        AND r.refresh_token IS NOT DISTINCT FROM v_row.new_refresh
        AND r.candidates = v_row.new_candidates
      INTO v_is_replaced;
    END IF;
    IF v_is_replaced THEN
      item := v_row.item;
      RETURN NEXT;
    END IF;
  END LOOP;
  PERFORM set_config('app.tenant_id', v_before, true);
END $$;

-- Each function acts as the role that owns it, and may be called by members of integrations_app alone.
DO $$
DECLARE
  v_function regprocedure;
  v_owner text;
BEGIN
  FOR v_function, v_owner IN
    SELECT p.oid::regprocedure, f.owner
    FROM (
      VALUES
        ('integrations_claim_due', 'integrations_jobs'),
        ('integrations_give_back', 'integrations_jobs'),
        ('integrations_count_due', 'integrations_jobs'),
        ('integrations_needing_attention', 'integrations_jobs'),
        ('integrations_connections_of', 'integrations_jobs'),
        ('integrations_claim_revocations', 'integrations_jobs'),
        ('integrations_sealed_keys', 'integrations_jobs'),
        ('integrations_sealed_revocation_keys', 'integrations_jobs'),
        ('integrations_leased', 'integrations_refreshes'),
        ('integrations_store', 'integrations_refreshes'),
        ('integrations_claim', 'integrations_app'),
        ('integrations_sealed', 'integrations_app'),
        ('integrations_reseal', 'integrations_app'),
        ('integrations_read_meta_ad_connections', 'integrations_reads'),
        ('integrations_read_many_meta_ad_connections', 'integrations_reads'),
        ('integrations_read_google_ads_connections', 'integrations_reads'),
        ('integrations_read_many_google_ads_connections', 'integrations_reads'),
        ('integrations_read_tiktok_ad_connections', 'integrations_reads'),
        ('integrations_read_many_tiktok_ad_connections', 'integrations_reads'),
        ('integrations_read_klaviyo_connections', 'integrations_reads'),
        ('integrations_read_many_klaviyo_connections', 'integrations_reads'),
        ('integrations_read_other_connections', 'integrations_reads'),
        ('integrations_read_many_other_connections', 'integrations_reads')
    ) AS f(name, owner)
    JOIN pg_proc p ON p.pronamespace = 'public'::regnamespace AND p.proname = f.name
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO integrations_app', v_function);
    EXECUTE format('ALTER FUNCTION %s OWNER TO %I', v_function, v_owner);
  END LOOP;
END $$;

-- What was needed for the moment only. Where a database administrator prepared it, it is theirs to take back.
REVOKE CREATE ON SCHEMA public
  FROM integrations_app, integrations_jobs, integrations_reads, integrations_refreshes;
DO $$
DECLARE
  v_role text;
BEGIN
  FOR v_role IN
    SELECT m.roleid::regrole::text FROM pg_auth_members m
    WHERE m.roleid IN (
        'integrations_jobs'::regrole, 'integrations_reads'::regrole, 'integrations_refreshes'::regrole)
      AND m.member = current_user::regrole AND m.grantor = m.member
  LOOP
    EXECUTE format('REVOKE %I FROM %I', v_role, current_user);
  END LOOP;
END $$;
