import GRDB
import NightdropModel

enum EntityViews {
    static func replace(_ db: Database, policy: Policy, predicate: (String) -> String) throws {}
}
