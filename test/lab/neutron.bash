# Neutron with ML2 and no agents, at any cloud: sourced by `lab`, see README.md.

neutron_packages=(neutron-common)

neutron_running() { # CLOUD
  [[ ! -e $home/run/neutron@$1.pid ]] || echo neutron
}

neutron_command() { # prints nothing, sets argv
  # Its process titles would overwrite the environment that it is known by.
  argv=(env SPT_NOENV=1 neutron-server --config-file "$DIR/neutron/neutron.conf" --log-file "$log")
}

neutron_prepare() {
  render neutron.conf "$DIR/neutron/neutron.conf"
  render neutron-policy.yaml "$DIR/neutron/policy.yaml"
  mkdir -p "$DIR/neutron/lock"
}

neutron_database() {
  sql -e "create database if not exists neutron" || die "no database for Neutron"
  neutron-db-manage --config-file "$DIR/neutron/neutron.conf" upgrade heads \
    >>"$LOGS/manage@$CLOUD.log" 2>&1 || die "neutron-db-manage failed: see $LOGS/manage@$CLOUD.log"
}

lab_neutron() { # up | down
  local cloud
  case ${1:-} in
    up)
      lab_install "${neutron_packages[@]}"
      for cloud in "${clouds[@]}"; do
        at "$cloud"
        pid_of db "$cloud" >/dev/null || die "bring up '$cloud' first"
        neutron_prepare
        once neutron-database neutron_database
        once "neutron-$seed" python seed neutron "$cloud"
        launch neutron "$cloud"
      done
      for cloud in "${clouds[@]}"; do at "$cloud"; await neutron "$cloud"; done
      ;;
    down) for cloud in "${clouds[@]}"; do at "$cloud"; halt TERM neutron "$cloud"; done ;;
    *) usage 2 ;;
  esac
}
