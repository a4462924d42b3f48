import { makeLongLog } from '/work/main/test/bench/long-log.js'

makeLongLog('/var/tmp/big/long10m.db', 10000000)
