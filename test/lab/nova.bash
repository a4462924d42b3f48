# Nova at the identity provider, with the fake hypervisor and what it cannot be without: sourced by
# `lab`, see README.md. Debian's nova-compute wants QEMU, so all is started from its library.

nova_packages=(nova-common placement-common neutron-common python3-novaclient)
nova_services=(placement neutron nova-conductor nova-scheduler nova-api nova-compute) # as they start

nova_running() { # those that were started, and not stopped since
  local service
  for service in "${nova_services[@]}"; do [[ ! -e $home/run/$service@$idp.pid ]] || echo "$service"; done
}

nova_command() { # SERVICE: prints nothing, sets argv
  local module=${1/nova-api/api_os_compute}
  case $1 in
    placement)
      argv=(env OS_PLACEMENT_CONFIG_DIR="$DIR/placement" placement-api --host "$HOST" --port 8778)
      ;;
    nova-*)
      argv=(/usr/bin/python3 -c "from nova.cmd.${module#nova-} import main; main()"
        --config-file "$DIR/nova/nova.conf" --log-file "$log")
      ;;
  esac
}

nova_healthy() {
  case $1 in
    placement) serves "http://$HOST:8778/" ;;
    nova-api) serves "http://$HOST:8774/" ;;
    nova-*) reports nova "$1" 2>/dev/null ;;
  esac
}

nova_prepare() {
  local service
  for service in placement nova; do render "$service.conf" "$DIR/$service/$service.conf"; done
  mkdir -p "$DIR/nova/lock"
  neutron_prepare
}

nova_databases() {
  sql -e "create database if not exists placement;
    create database if not exists nova_api; create database if not exists nova;
    create database if not exists nova_cell0" || die "no databases for Nova"
  once neutron-database neutron_database &
  manage placement db sync
  manage nova api_db sync
  manage nova cell_v2 map_cell0
  once nova-cell manage nova cell_v2 create_cell --name cell1
  manage nova db sync
  wait $! || die "Neutron has no database"
}

lab_nova() { # up | down
  local service
  at "$idp"
  case ${1:-} in
    up)
      pid_of db "$idp" >/dev/null || die "bring up '$idp' first"
      lab_install "${nova_packages[@]}"
      nova_prepare
      once nova-databases nova_databases
      once "nova-$seed" python seed nova
      for service in "${nova_services[@]}"; do launch "$service" "$idp"; done
      for service in "${nova_services[@]}"; do await "$service" "$idp"; done
      once nova-host manage nova cell_v2 discover_hosts
      once nova-flavor python seed flavor
      ;;
    down) for service in "${nova_services[@]}"; do halt TERM "$service" "$idp" & done; wait ;;
    *) usage 2 ;;
  esac
}
