import NightdropModel

extension PolicyFindings {
    /// What is right word for word in an entity, but does not go together.
    mutating func addContradictions(of entity: EntityPolicy, _ section: PolicySection) {
        addDirection(of: entity, section)
        if let rule = MergeRule.forFieldsOnly.first(where: { $0 == entity.onConflict }) {
            add(
                section.place(of: "onConflict"),
                "`\(rule.rawValue)` is a rule for single fields, not for a whole record",
                "write `merge: \(rule.rawValue)` at the field")
        }
        if let name = entity.controlTotal, let type = entity.field(name)?.type, ![.integer, .decimal].contains(type) {
            add(
                section.place(of: "controlTotal"), "`\(name)` is of type `\(type.rawValue)` and cannot be added up",
                "name a field of type `decimal` or `integer`")
        }
        addHook(of: entity, section)
    }

    private mutating func addDirection(of entity: EntityPolicy, _ section: PolicySection) {
        switch entity.direction {
        case .down:
            if entity.onDuplicate == .keepBoth {
                add(
                    section.place(of: "onDuplicate"), "`keep-both` cannot happen where only head office makes records",
                    "leave it out, or choose another `direction`")
            }
            if section.entry("writers") != nil {
                add(
                    section.place(of: "writers"), "`direction: down` already says that only head office writes",
                    "leave one of them out")
            }
        case .up where entity.writers == .central:
            add(
                section.place(of: "writers"),
                "what only travels up is written by terminals, never by head office alone",
                "leave it out, or choose `direction: down`")
        case .up, .both: break
        }
    }

    /// What is right word for word in a field, but does not go together.
    mutating func addContradictions(
        of field: FieldPolicy, _ section: PolicySection, in entity: EntityPolicy, _ entitySection: PolicySection
    ) {
        for clash in FieldKinds(field).clashes { add(section.place(of: clash.key), clash.problem, clash.suggestion) }
        if let min = field.min, let max = field.max, min > max {
            add(section.place(of: "min"), "`min` \(min) is above `max` \(max)", "swap them")
        }
        addValues(of: field, section)
        addFieldWriters(of: field, section, in: entity)
        if entity.immutable && section.entry("merge") != nil {
            add(
                section.place(of: "merge"),
                "a record of `\(entity.name)` is immutable, so there is never anything to merge",
                "leave out `merge`, or `immutable`")
        }
        if field.merge == .counter && section.entry("oneOf") != nil {
            add(section.place(of: "oneOf"), "a counter takes every sum", "leave out `oneOf`, or use `min` and `max`")
        }
        addPath(field.hook, section)
        let programs = section.entry("hook") != nil || entitySection.entry("hook") != nil
        if field.merge == .hook && !programs {
            add(section.place(of: "merge"), "the rule `hook` needs a program", "add `hook: name-of-the-program`")
        }
        if section.entry("hook") != nil && entity.rule(for: field.name) != .hook {
            add(section.place(of: "hook"), "the program is never asked", "add `merge: hook`")
        }
    }

    private mutating func addFieldWriters(of field: FieldPolicy, _ section: PolicySection, in entity: EntityPolicy) {
        guard section.entry("writers") != nil else { return }
        if entity.direction == .down {
            add(
                section.place(of: "writers"), "`direction: down` already says that only head office writes",
                "leave one of them out")
        } else if entity.direction == .up && field.writers == .central {
            add(
                section.place(of: "writers"),
                "what only travels up is written by terminals, never by head office alone",
                "leave it out")
        }
    }

    /// A program is an absolute path, or stands in the node's folder for programs.
    private mutating func addPath(_ hook: String?, _ section: PolicySection) {
        guard let hook, hook.split(separator: "/", omittingEmptySubsequences: false).contains("..") else { return }
        add(
            section.place(of: "hook"), "`\(hook)` leads out of the folder `hooks`",
            "put the program into it, or give an absolute path")
    }

    private mutating func addValues(of field: FieldPolicy, _ section: PolicySection) {
        guard let values = field.oneOf else { return }
        var others = field
        others.oneOf = nil
        let check = FieldCheck(others)
        var seen: [PlainValue] = []
        for json in values {
            let value = PlainValue(json: json)
            if let problem = check.problem(value) {
                add(section.place(of: "oneOf"), "\(json) can never be the value: it \(problem.text)", "leave it out")
            } else if seen.contains(value) {
                add(section.place(of: "oneOf"), "\(json) is given twice", "remove one of them")
            }
            seen.append(value)
        }
    }

    private mutating func addHook(of entity: EntityPolicy, _ section: PolicySection) {
        let hasProgram = section.entry("hook") != nil
        let isAsked = entity.onConflict == .hook || entity.fields.contains { $0.merge == .hook }
        if entity.onConflict == .hook && !hasProgram {
            add(section.place(of: "onConflict"), "the rule `hook` needs a program", "add `hook: name-of-the-program`")
        }
        addPath(entity.hook, section)
        if hasProgram && !isAsked {
            add(section.place(of: "hook"), "the program is never asked", "add `onConflict: hook`")
        }
    }
}

extension MergeRule {
    /// Rules that make no sense for whether a record lives.
    fileprivate static let forFieldsOnly: [MergeRule] = [.counter, .max, .min, .union]
}
