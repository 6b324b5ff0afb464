import NightdropModel

extension Cursor {
    /// As JSON: `{"epoch":…,"csn":345,"transaction":"…"}`.
    public var json: JSONValue {
        ["epoch": .string(epoch.text), "csn": .integer(csn), "transaction": .string(transaction)]
    }

    /// From JSON; nil if it is none.
    public init?(json: JSONValue) {
        guard let epoch = json["epoch"]?.text.flatMap(UniqueID.init), let csn = json["csn"]?.integer,
            let transaction = json["transaction"]?.text
        else { return nil }
        self.init(epoch: epoch, csn: csn, transaction: transaction)
    }
}

extension ReturnFacts {
    /// As JSON.
    public var json: JSONValue {
        [
            "journal": .string(journal.text), "start": start?.json ?? .null, "reach": reach.json,
            "transactions": .array(transactions.map { [.integer($0.csn), .string($0.id)] }),
            "succeeds": .array(succeeds.map(\.json)), "receipt": receipt.json,
            "directives": .array(directives.map(\.json)), "coverage": coverage.json, "basis": basis?.json ?? .null,
            "whole": Coverage.json(of: whole),
        ]
    }

    /// From JSON; nil if it is none.
    public init?(json: JSONValue) {
        guard let journal = json["journal"]?.text.flatMap(UniqueID.init),
            let start = json.nullable("start", Cursor.init(json:)),
            let reach = json["reach"].flatMap(Cursor.init(json:)), let list = json["transactions"]?.elements,
            let receipt = json["receipt"].flatMap(Receipt.init(json:)),
            let coverage = json["coverage"].flatMap(Coverage.init(json:)),
            let basis = json.nullable("basis", Coverage.init(json:)),
            let whole = json["whole"].flatMap(Coverage.entities), (start == nil) == (basis == nil),
            let succeeds = json.all("succeeds", SucceededEpoch.init(json:)),
            let directives = json["directives"]?.elements
        else { return nil }
        var transactions: [MergeTransaction] = []
        for pair in list {
            guard let elements = pair.elements, elements.count == 2, let csn = elements[0].integer,
                let id = elements[1].text
            else { return nil }
            transactions.append(MergeTransaction(csn: csn, id: id))
        }
        self.init(
            journal: journal, start: start, reach: reach, transactions: transactions,
            succeeds: succeeds, receipt: receipt, directives: directives.compactMap(Directive.init),
            coverage: coverage, basis: basis, whole: whole)
    }
}

extension Receipt {
    /// As JSON.
    public var json: JSONValue {
        [
            "position": position.json,
            "segment": segment.map { ["number": .integer($0.number), "hash": .string($0.hash.text)] } ?? .null,
            "operations": .integer(operations), "totals": totals.json, "branches": .array(branches.map(\.json)),
        ]
    }

    /// From JSON; nil if it is none.
    public init?(json: JSONValue) {
        guard let position = json["position"].flatMap(JournalPosition.init),
            let operations = json["operations"]?.integer,
            let totals = json["totals"].flatMap(ControlTotals.init(json:)),
            let segment = json.nullable("segment", Receipt.segment),
            let branches = json.all("branches", JournalPosition.init)
        else { return nil }
        self.init(position: position, segment: segment, operations: operations, totals: totals, branches: branches)
    }

    private static func segment(_ json: JSONValue) -> (number: Int64, hash: ContentHash)? {
        guard let number = json["number"]?.integer, let hash = json["hash"]?.text.flatMap(ContentHash.init) else {
            return nil
        }
        return (number, hash)
    }
}
