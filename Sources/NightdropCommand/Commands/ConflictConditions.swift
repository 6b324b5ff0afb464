import ArgumentParser
import Glibc
import NightdropStore

/// The kinds of conflicts.
enum KindOfConflict: String, ExpressibleByArgument, CaseIterable {
    case field
    case createCreate = "create-create"
    case deleteUpdate = "delete-update"
    case duplicate, constraint, validation, permission, clock, lost
}

/// The states of conflicts.
enum StateOfConflict: String, ExpressibleByArgument, CaseIterable {
    case open, decided, reopened
}

/// Conditions on one line, `entity=product,field=price,state=open`.
struct ConflictConditions: ExpressibleByArgument {
    let filter: ConflictFilter

    init?(argument: String) {
        var filter = ConflictFilter()
        for condition in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = condition.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            switch parts[0] {
            case "entity" where filter.entity == nil: filter.entity = parts[1]
            case "field" where filter.field == nil: filter.field = parts[1]
            case "store" where filter.store == nil: filter.store = parts[1]
            case "terminal" where filter.terminal == nil: filter.terminal = parts[1]
            case "kind" where filter.kind == nil && KindOfConflict(rawValue: parts[1]) != nil: filter.kind = parts[1]
            case "state" where filter.state == nil && StateOfConflict(rawValue: parts[1]) != nil:
                filter.state = parts[1]
            default: return nil
            }
        }
        self.filter = filter
    }
}

/// Who works at this machine.
enum LoginName {
    /// The name that the person logged in with; nil where the system knows none.
    static var text: String? {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return nil }
        return String(cString: name)
    }
}
