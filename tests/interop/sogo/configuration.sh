# Sourced by up: writes DIR/etc, with what the environment asks for.
WORKERS=${SOGO_WORKERS:-12}
if [ "$FAST" = 1 ]; then INTERVAL=${SOGO_INTERVAL:-1}; else INTERVAL=${SOGO_INTERVAL:-5}; fi
DBURL="postgresql://sogo:sogo@127.0.0.1:$P_PG/sogo"

cat > "$DIR/etc/dovecot.conf" <<X
protocols = imap lmtp
listen = 127.0.0.1
base_dir = $DIR/run/dovecot
instance_name = handsync-sogo
log_path = $DIR/log/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Ln
first_valid_uid = 1
mail_location = maildir:$DIR/mail/%n/Maildir
mail_fsync = never
mail_max_userip_connections = 500
imap_max_line_length = 2M
passdb {
  driver = passwd-file
  args = username_format=%n $DIR/etc/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$DIR/mail/%n
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    special_use = \\Drafts
    auto = subscribe
  }
  mailbox Sent {
    special_use = \\Sent
    auto = subscribe
  }
  mailbox Trash {
    special_use = \\Trash
    auto = subscribe
  }
  mailbox Junk {
    special_use = \\Junk
    auto = subscribe
  }
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = $P_IMAP
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_limit = 200
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $P_LMTP
  }
}
service stats {
  client_limit = 1000
}
X

cat > "$DIR/etc/sogo.conf" <<X
{
  WOPort = "127.0.0.1:$P_SOGO";
  WOWorkersCount = $WORKERS;
  WOListenQueueSize = 128;
  WOWatchDogRequestTimeout = 75;
  WOMaxUploadSize = 40960;
  SxVMemLimit = 2048;

  SOGoProfileURL = "$DBURL/sogo_user_profile";
  OCSFolderInfoURL = "$DBURL/sogo_folder_info";
  OCSSessionsFolderURL = "$DBURL/sogo_sessions_folder";
  SOGoUserSources = (
    {
      type = sql;
      id = gal;
      viewURL = "$DBURL/sogo_users";
      displayName = "Global Address List";
      canAuthenticate = YES;
      isAddressBook = YES;
      userPasswordAlgorithm = plain;
      LoginFieldNames = (c_uid, mail);
      MailFieldNames = (mail);
    }
  );
  SOGoMemcachedHost = "$DIR/run/memcached.sock";
  SOGoMailSpoolPath = "$DIR/spool";

  SOGoMailDomain = "example.test";
  SOGoIMAPServer = "imap://127.0.0.1:$P_IMAPC";   // the relay, see imapcondstore.py
  SOGoMailingMechanism = smtp;
  SOGoSMTPServer = "smtp://127.0.0.1:$P_SMTP";
  SOGoDraftsFolderName = Drafts;
  SOGoSentFolderName = Sent;
  SOGoTrashFolderName = Trash;
  SOGoJunkFolderName = Junk;
  SOGoForceExternalLoginWithEmail = NO;
  SOGoMailAuxiliaryUserAccountsEnabled = NO;
  SOGoVacationEnabled = YES;
  SOGoAppointmentSendEMailNotifications = YES;
  SOGoLanguage = English;
  SOGoTimeZone = "Europe/Paris";
  SOGoXSRFValidationEnabled = NO;

  SOGoMaximumPingInterval = ${SOGO_MAX_PING:-3540};
  SOGoMaximumSyncInterval = ${SOGO_MAX_SYNC:-3540};
  SOGoInternalSyncInterval = $INTERVAL;
  SOGoMaximumSyncWindowSize = ${SOGO_WINDOW:-0};
  SOGoMaximumSyncResponseSize = ${SOGO_RESPONSE_KB:-0};
  SOGoEASSearchInBody = YES;
  ImapDebugEnabled = ${SOGO_IMAP_DEBUG:-NO};
  SOGoEASDebugEnabled = ${SOGO_DEBUG:-NO};
}
X
chgrp sogo "$DIR/etc/sogo.conf"; chmod 640 "$DIR/etc/sogo.conf"

mkdir -p "$DIR/www/autodiscover"
cat > "$DIR/www/autodiscover/answer.xml" <<X
<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
    <Culture>en:us</Culture>
    <User>
      <DisplayName>@USER@</DisplayName>
      <EMailAddress>@USER@@example.test</EMailAddress>
    </User>
    <Action>
      <Settings>
        <Server>
          <Type>MobileSync</Type>
          <Url>https://$HOST:$P_HTTPS/Microsoft-Server-ActiveSync</Url>
          <Name>https://$HOST:$P_HTTPS/Microsoft-Server-ActiveSync</Name>
        </Server>
      </Settings>
    </Action>
  </Response>
</Autodiscover>
X

cat > "$DIR/etc/locations.conf" <<X
client_max_body_size 64m;
client_body_timeout 300s;
proxy_http_version 1.1;
proxy_buffer_size 64k;
proxy_buffers 16 64k;
proxy_busy_buffers_size 256k;
proxy_connect_timeout 10s;
proxy_send_timeout 300s;
proxy_read_timeout 3900s;          # longer than the longest heartbeat
proxy_set_header Host \$http_host;
proxy_set_header x-webobjects-server-protocol HTTP/1.0;
proxy_set_header x-webobjects-remote-host \$remote_addr;
proxy_set_header x-webobjects-server-name \$server_name;
proxy_set_header x-webobjects-server-url \$scheme://\$http_host;
proxy_set_header x-webobjects-server-port \$server_port;

location ~* ^/Microsoft-Server-ActiveSync/?\$ {
  proxy_pass http://127.0.0.1:$P_SOGO/SOGo/Microsoft-Server-ActiveSync\$is_args\$args;
}
location ^~ /SOGo { proxy_pass http://127.0.0.1:$P_SOGO; }   # CalDAV and CardDAV
location ~* ^/SOGo/so { proxy_pass http://127.0.0.1:$P_SOGO; }
location = / { return 204; }

# A POST to a static file is a 405, and the 405 becomes the answer.
location ~* ^/autodiscover/autodiscover\\.xml\$ {
  auth_basic "autodiscover";
  auth_basic_user_file $DIR/etc/htpasswd;
  error_page 405 =200 /autodiscover-answer/answer.xml;
  root $DIR/www;
  try_files /autodiscover/answer.xml =404;
}
location /autodiscover-answer/ {
  internal;
  alias $DIR/www/autodiscover/;
  sub_filter_types text/xml;
  sub_filter_once off;
  sub_filter @USER@ \$eas_user;
  default_type text/xml;
  types { text/xml xml; }
}
X

cat > "$DIR/etc/nginx.conf" <<X
daemon on;
worker_processes 1;
user www-data;
pid $DIR/run/nginx.pid;
error_log $DIR/log/nginx-error.log;
events { worker_connections 1024; }
http {
  access_log $DIR/log/nginx-access.log;
  client_body_temp_path $DIR/nginx-tmp/body;
  proxy_temp_path $DIR/nginx-tmp/proxy;
  fastcgi_temp_path $DIR/nginx-tmp/f;
  uwsgi_temp_path $DIR/nginx-tmp/u;
  scgi_temp_path $DIR/nginx-tmp/s;
  server_tokens off;
  keepalive_timeout 600s;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:eas:1m;
  map \$remote_user \$eas_user {
    "~^([^@]+)" \$1;
    default unknown;
  }
  server {
    listen 127.0.0.1:$P_HTTPS ssl;
    server_name $HOST autodiscover.example.test example.test localhost 127.0.0.1;
    ssl_certificate $DIR/tls/server-ec.pem;
    ssl_certificate_key $DIR/tls/server-ec.key;
    ssl_certificate $DIR/tls/server.pem;
    ssl_certificate_key $DIR/tls/server.key;
    include $DIR/etc/locations.conf;
  }
  server {                                  # must be refused by a client: unknown CA
    listen 127.0.0.1:$P_BADTLS ssl;
    server_name untrusted.example.test;
    ssl_certificate $DIR/tls/untrusted.pem;
    ssl_certificate_key $DIR/tls/untrusted.key;
    include $DIR/etc/locations.conf;
  }
  server {
    listen 127.0.0.1:$((P_BADTLS + 1)) ssl;
    server_name expired.example.test;
    ssl_certificate $DIR/tls/expired.pem;
    ssl_certificate_key $DIR/tls/expired.key;
    include $DIR/etc/locations.conf;
  }
  server {                                  # plain HTTP: debugging only
    listen 127.0.0.1:$P_HTTP;
    server_name $HOST autodiscover.example.test localhost 127.0.0.1;
    location = /autodiscover/autodiscover.xml {
      if (\$request_method = GET) { return 302 https://autodiscover.example.test:$P_HTTPS/autodiscover/autodiscover.xml; }
      return 404;
    }
    include $DIR/etc/locations.conf;
  }
}
X
# the plain server has its own exact autodiscover location, which wins over the regex one
