#!/bin/sh
# Makes what is missing of an installation's secrets, one folder for each who reads them, and leaves alone what is there.
# Safe to repeat, also after it was cut off in the middle. Prints names, never a secret.
#
#   make-secrets.sh [directory]     needs openssl 3
set -eu
umask 077
directory=${1:-/secrets}

# Takes the place of a file at once or not at all. Readers are let in by the group.
put() {
	file=$directory/$1
	chmod 0440 "$file.new"
	mv "$file.new" "$file"
	echo "made $1"
}

# What the command prints, unless there is something already.
once() {
	name=$1
	shift
	if [ ! -s "$directory/$name" ]; then
		"$@" >"$directory/$name.new"
		[ -s "$directory/$name.new" ]
		put "$name"
	fi
}

# What the command prints, whenever that is something else: it follows from another secret.
always() {
	name=$1
	shift
	"$@" >"$directory/$name.new"
	if cmp -s "$directory/$name.new" "$directory/$name"; then
		rm "$directory/$name.new"
	else
		put "$name"
	fi
}

# Without characters that a URL, a shell or a configuration file would read as something else.
password() {
	openssl rand -hex 24
}

secret() {
	cat "$directory/$1"
}

eventstore_url() {
	printf 'esdb://admin:%s@eventstoredb:2113?tls=true&tlsCAFile=/secrets/ca.crt\n' "$(secret eventstoredb/admin-password)"
}

mongo_url() {
	printf 'mongodb://tidemark:%s@mongodb:27017/tidemark?authSource=tidemark\n' "$(secret mongodb/password)"
}

redis_url() {
	printf 'redis://tidemark:%s@redis:6379\n' "$(secret redis/password)"
}

# Nobody but tidemark, who may not manage the server, nor empty or list it. INFO is how its client sees that it is ready.
redis_users() {
	hash=$(printf %s "$(secret redis/password)" | openssl dgst -sha256 -r)
	printf 'user default off\n'
	printf 'user tidemark on #%s ~* &* +@all -@admin -@dangerous +info\n' "${hash%% *}"
}

# Both certificates are made together, and neither lives longer than the other.
days=1825
renew_before_seconds=15552000 # half a year

certificates_are_good() {
	ca=$directory/eventstoredb/ca/ca.crt
	node=$directory/eventstoredb/node
	[ -s "$ca" ] && [ -s "$node.crt" ] && [ -s "$node.key" ] &&
		openssl verify -CAfile "$ca" "$node.crt" >/dev/null 2>&1 &&
		openssl x509 -in "$ca" -noout -checkend "$renew_before_seconds" >/dev/null 2>&1 &&
		[ "$(openssl x509 -in "$node.crt" -noout -pubkey)" = "$(openssl pkey -in "$node.key" -pubout)" ]
}

# An authority for one certificate. Its key is thrown away, so that nobody can make another in its name.
make_certificates() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	cat >"$work/openssl.cnf" <<-EOF
		[req]
		prompt = no
		distinguished_name = authority_name
		x509_extensions = authority
		[authority_name]
		O = Tidemark
		CN = Tidemark EventStoreDB authority
		[authority]
		basicConstraints = critical, CA:true, pathlen:0
		keyUsage = critical, keyCertSign, cRLSign
		subjectKeyIdentifier = hash
		[node]
		basicConstraints = critical, CA:false
		keyUsage = critical, digitalSignature, keyEncipherment
		extendedKeyUsage = serverAuth, clientAuth
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		subjectAltName = DNS:eventstoredb, DNS:localhost, IP:127.0.0.1
	EOF
	run_openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days "$days" -config "$work/openssl.cnf" \
		-keyout "$work/ca.key" -out "$work/ca.crt"
	run_openssl req -new -newkey rsa:3072 -nodes -sha256 -config "$work/openssl.cnf" -subj /CN=eventstoredb-node \
		-keyout "$work/node.key" -out "$work/node.csr"
	run_openssl x509 -req -in "$work/node.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -sha256 -days "$days" \
		-set_serial "0x$(openssl rand -hex 16)" -extfile "$work/openssl.cnf" -extensions node -out "$work/node.crt"
	for file in node.key node.crt ca/ca.crt; do
		cat "$work/${file##*/}" >"$directory/eventstoredb/$file.new"
		put "eventstoredb/$file"
	done
	rm -rf "$work"
	trap - EXIT
}

# It draws its progress on stderr.
run_openssl() {
	openssl "$@" 2>"$work/said" || {
		cat "$work/said" >&2
		exit 1
	}
}

mkdir -p "$directory/eventstoredb/ca" "$directory/mongodb" "$directory/redis" "$directory/tidemark"
chmod 0750 "$directory"/* "$directory/eventstoredb/ca"
find "$directory" -name '*.new' -exec rm {} +

once eventstoredb/admin-password password
once eventstoredb/ops-password password
certificates_are_good || make_certificates

once mongodb/root-password password
once mongodb/password password

once redis/password password
always redis/users.acl redis_users

# Whoever loses it loses all personal data and every way to sign in: keep a copy, apart from the backups.
once tidemark/master-key openssl rand -base64 32
always tidemark/eventstore-url eventstore_url
always tidemark/mongo-url mongo_url
always tidemark/redis-url redis_url
always tidemark/ca.crt secret eventstoredb/ca/ca.crt
