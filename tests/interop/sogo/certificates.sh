# Sourced by up: makes DIR/tls once.
# One CA, two leaf certificates for the same names (RSA and ECDSA: the client's
# cipher suites decide), one expired leaf, one leaf of a CA nobody trusts.
SAN="subjectAltName=DNS:localhost,DNS:$HOST,DNS:autodiscover.example.test,DNS:example.test,IP:127.0.0.1"
EXT="basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
$SAN"
ossl() { openssl "$@" 2>>"$DIR/log/openssl.log"; }
make_ca() { # name, subject
  ossl req -x509 -newkey rsa:2048 -nodes -sha256 -days 3650 -subj "/CN=$2" \
    -keyout "$DIR/tls/$1.key" -out "$DIR/tls/$1.pem" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
}
make_leaf() { # name, ca, days, newkey args...
  local n=$1 ca=$2 days=$3; shift 3
  ossl req -newkey "$@" -nodes -subj "/CN=$HOST" -keyout "$DIR/tls/$n.key" -out "$DIR/tls/$n.csr"
  if [ "$days" -lt 0 ]; then # already over: validity given by hand
    printf '%s\n' "$EXT" > "$DIR/tls/$n.ext"
    mkdir -p "$DIR/tls/old"; : > "$DIR/tls/old/index"; echo 01 > "$DIR/tls/old/serial"
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' \
      "$DIR/tls/old/index" "$DIR/tls/old/serial" "$DIR/tls/old" > "$DIR/tls/old/cnf"
    ossl ca -batch -config "$DIR/tls/old/cnf" -cert "$DIR/tls/$ca.pem" -keyfile "$DIR/tls/$ca.key" \
      -in "$DIR/tls/$n.csr" -out "$DIR/tls/$n.pem" -extfile "$DIR/tls/$n.ext" -notext \
      -startdate 20200101000000Z -enddate 20210101000000Z
  else
    ossl x509 -req -in "$DIR/tls/$n.csr" -CA "$DIR/tls/$ca.pem" -CAkey "$DIR/tls/$ca.key" \
      -set_serial "0x$(openssl rand -hex 8)" -days "$days" -sha256 -out "$DIR/tls/$n.pem" -extfile <(printf '%s\n' "$EXT")
  fi
  rm -f "$DIR/tls/$n.csr"
}
if [ ! -s "$DIR/tls/done" ]; then
  make_ca ca "Handsync test CA"
  make_leaf server ca 825 rsa:2048
  make_leaf server-ec ca 825 ec -pkeyopt ec_paramgen_curve:P-256
  make_leaf expired ca -1 rsa:2048
  make_ca otherca "CA nobody trusts"
  make_leaf untrusted otherca 825 rsa:2048
  date > "$DIR/tls/done"
fi
chmod 644 "$DIR"/tls/*.pem
