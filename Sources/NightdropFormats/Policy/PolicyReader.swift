import NightdropModel
import Yams

/// Makes a policy of the tree of a YAML text, and collects what is wrong with it.
struct PolicyReader {
    var findings: PolicyFindings

    init(file: String) { findings = PolicyFindings(file: file) }

    /// The keys that a policy may have, in the order in which they are written.
    static let policyKeys = ["version", "organisation", "entities"]
    /// The keys that an entity may have.
    static let entityKeys = [
        "direction", "scope", "priority", "onConflict", "onDuplicate", "immutable", "controlTotal", "writers", "hook",
        "fields",
    ]
    /// The keys that a field may have.
    static let fieldKeys = [
        "type", "merge", "required", "min", "max", "maxLength", "oneOf", "pattern", "sensitive", "writers", "hook",
    ]

    mutating func policy(_ root: Node) -> Policy {
        let top = PolicyPlace(line: 1, path: [])
        var version = 0
        var organisation = ""
        var entities: [EntityPolicy] = []
        guard let section = PolicySection(root, at: top, of: "a policy", &findings) else {
            return Policy(version: version, organisation: organisation, entities: entities)
        }
        for entry in section.entries {
            switch entry.key {
            case "version": version = wholeNumber(entry, in: 1...Int.max) ?? version
            case "organisation": organisation = name(entry) ?? organisation
            case "entities": entities = self.entities(entry)
            default: section.unknown(entry, among: Self.policyKeys, &findings)
            }
        }
        requireKey("version", of: section, "a whole number that grows with every change")
        requireKey("organisation", of: section, "the name of the organisation that all nodes belong to")
        return Policy(version: version, organisation: organisation, entities: entities)
    }

    private mutating func requireKey(_ key: String, of section: PolicySection, _ meaning: String) {
        guard section.entry(key) == nil else { return }
        findings.add(PolicyPlace(line: 1, path: [key]), "`\(key)` is missing", "it is \(meaning)")
    }

    private mutating func entities(_ entry: PolicyEntry) -> [EntityPolicy] {
        guard let section = PolicySection(entry.node, at: entry.valuePlace, of: "`entities`", &findings) else {
            return []
        }
        var known: [String: String] = [:]
        return section.entries.map { entry in
            if !EntityName.isValid(entry.key.utf8) {
                findings.add(
                    entry.place, "`\(entry.key)` cannot name an entity",
                    "use up to 63 letters, digits and `_`, beginning with a letter")
            } else if let other = known.updateValue(entry.key, forKey: entry.key.lowercased()) {
                findings.add(entry.place, "differs from the entity `\(other)` only in case", "give one another name")
            }
            return entity(entry)
        }
    }

    private mutating func entity(_ entry: PolicyEntry) -> EntityPolicy {
        var entity = EntityPolicy(name: entry.key)
        guard let section = PolicySection(entry.node, at: entry.place, of: "an entity", &findings) else {
            return entity
        }
        var fields: [PolicySection] = []
        for entry in section.entries {
            switch entry.key {
            case "direction": entity.direction = word(entry) ?? entity.direction
            case "scope": entity.scope = word(entry) ?? entity.scope
            case "priority": entity.priority = wholeNumber(entry, in: 1...10) ?? entity.priority
            case "onConflict": entity.onConflict = word(entry) ?? entity.onConflict
            case "onDuplicate": entity.onDuplicate = word(entry)
            case "immutable": entity.immutable = flag(entry) ?? entity.immutable
            case "controlTotal": entity.controlTotal = name(entry)
            case "writers": entity.writers = word(entry) ?? entity.writers
            case "hook": entity.hook = text(entry)
            case "fields": (entity.fields, fields) = self.fields(entry)
            default: section.unknown(entry, among: Self.entityKeys, &findings)
            }
        }
        findings.addContradictions(of: entity, section)
        for (field, place) in zip(entity.fields, fields) {
            findings.addContradictions(of: field, place, in: entity, section)
        }
        return entity
    }

    /// The fields, each with its keys.
    private mutating func fields(_ entry: PolicyEntry) -> ([FieldPolicy], [PolicySection]) {
        guard let section = PolicySection(entry.node, at: entry.valuePlace, of: "`fields`", &findings) else {
            return ([], [])
        }
        var fields: [FieldPolicy] = []
        var sections: [PolicySection] = []
        for entry in section.entries {
            if let problem = PolicyReader.problem(withName: entry.key) {
                findings.add(entry.place, "a field's name \(problem)", "choose another one")
            }
            guard let section = PolicySection(entry.node, at: entry.place, of: "a field", &findings) else { continue }
            fields.append(field(entry.key, section))
            sections.append(section)
        }
        return (fields, sections)
    }

    private mutating func field(_ name: String, _ section: PolicySection) -> FieldPolicy {
        var field = FieldPolicy(name: name)
        for entry in section.entries {
            switch entry.key {
            case "type": field.type = word(entry)
            case "merge": field.merge = word(entry)
            case "required": field.required = flag(entry) ?? field.required
            case "min": field.min = number(entry)
            case "max": field.max = number(entry)
            case "maxLength": field.maxLength = wholeNumber(entry, in: 1...Limits.operationBytes)
            case "oneOf": field.oneOf = constants(entry)
            case "pattern": field.pattern = pattern(entry)
            case "sensitive": field.sensitive = flag(entry) ?? field.sensitive
            case "writers": field.writers = word(entry) ?? field.writers
            case "hook": field.hook = text(entry)
            default: section.unknown(entry, among: Self.fieldKeys, &findings)
            }
        }
        return field
    }
}
