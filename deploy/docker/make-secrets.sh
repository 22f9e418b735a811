#!/bin/sh
# Makes the secrets of docker-compose.yml in ./secrets, once; what is there is kept.
set -eu
umask 077
cd "$(dirname "$0")/../.."
mkdir -p secrets
make() {
    # the folder is its owner's alone; containers run as other users and must read the files
    [ -s "secrets/$1" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' > "secrets/$1"
    chmod 644 "secrets/$1"
}
for name in hash_key sources_key link_key clickhouse_password clickhouse_importer_password clickhouse_reader_password page_token grafana_password; do
    make "$name"
done
# a write key for each file:/run/write_keys/NAME that the configuration names
mkdir -p secrets/write_keys
chmod 755 secrets/write_keys
config="${FUNNELWATCH_CONFIG_FILE:-deploy/docker/funnelwatch.yaml}"
if [ -f "$config" ]; then
    for name in $(grep -o 'file:/run/write_keys/[A-Za-z0-9._-]*' "$config" | sed 's|.*/||' | sort -u); do
        make "write_keys/$name"
    done
fi
hash() { tr -d '\n' < "secrets/$1" | sha256sum | cut -d' ' -f1; }
# people read the views alone
views=$(sed -n 's/^CREATE OR REPLACE VIEW ${database}\.\([a-z_]*\).*/\1/p' deploy/clickhouse/*.sql | sort -u)
grants=""
for view in $views; do
    grants="$grants
        <query>GRANT SELECT ON funnelwatch.$view</query>"
done
# the page imports and undoes imports: it reads what an import brought, and adds rows that take the place of others
imports=""
for table in events_raw import_events_raw report_versions_raw order_versions_raw recounts_raw minutes_raw; do
    imports="$imports
        <query>GRANT SELECT ON funnelwatch.$table</query>"
done
for table in events_raw recounts_raw minutes_raw; do
    imports="$imports
        <query>GRANT INSERT ON funnelwatch.$table</query>"
done
cat > secrets/clickhouse_users.xml <<XML
<clickhouse>
  <profiles>
    <funnelwatch_reader>
      <readonly>2</readonly>
      <max_execution_time>30</max_execution_time>
      <max_memory_usage>4000000000</max_memory_usage>
    </funnelwatch_reader>
  </profiles>
  <users>
    <default remove="remove"/>
    <funnelwatch>
      <password_sha256_hex>$(hash clickhouse_password)</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </funnelwatch>
    <funnelwatch_importer>
      <password_sha256_hex>$(hash clickhouse_importer_password)</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>$imports
      </grants>
    </funnelwatch_importer>
    <funnelwatch_reader>
      <password_sha256_hex>$(hash clickhouse_reader_password)</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>funnelwatch_reader</profile>
      <quota>default</quota>
      <grants>$grants
      </grants>
    </funnelwatch_reader>
  </users>
</clickhouse>
XML
chmod 644 secrets/clickhouse_users.xml
echo "secrets/ is ready; back up secrets/hash_key: without it, pseudonyms made from now on match none of before; and secrets/sources_key, without which connections added at run time must be added again"
