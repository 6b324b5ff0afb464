import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension DemoPlay {
    func closing() throws {
        try narrator.scene("Closing time")
        try narrator.tell(
            """
            Each till closes its day: it seals its journal, adds up its totals, and drops a signed bundle. Three write to \
            the share. T02 writes to a stick, and the stick is lost on the way.
            """)
        for till in chain.tills where till.id.text != "T02" {
            let exported = try chain.till(till.id.text).close(to: chain.share)
            for day in exported.days {
                try narrator.fact("\(till.id) closed \(day.day): \(Words.totals(day.totals))")
            }
        }
        let lost = try chain.till("T02").close(to: chain.stick)
        for file in lost.files { try DiskFileSystem().remove(file) }
        try narrator.fact("T02 closed, too, but its bundle with \(Words.count(lost.operations, "operation")) is gone")
    }

    func merging() throws {
        try narrator.scene("Head office merges, twice")
        try tell(chain.headOffice().merge([chain.share], returnTo: chain.share, progress: nil))
        try narrator.tell("Somebody is not sure whether that was done already, and does it again:")
        try tell(chain.headOffice().merge([chain.share], returnTo: chain.share, progress: nil))
        try narrator.tell("Is every till in? nightdrop days answers:")
        try narrator.fact(DaysAnswer.sentence(try chain.headOffice().days(through: nil)))
    }

    func repair() throws {
        try narrator.scene("The lost stick repairs itself")
        try narrator.tell(
            """
            A till keeps everything that head office has not confirmed, and each bundle holds all of it. So T02 just closes \
            again, this time to the share.
            """)
        let exported = try chain.till("T02").close(to: chain.share)
        try narrator.fact("T02 wrote \(Words.count(exported.operations, "operation")) to the share")
        try tell(chain.headOffice().merge([chain.share], returnTo: chain.share, progress: nil), onlyNew: true)
        try narrator.fact(DaysAnswer.sentence(try chain.headOffice().days(through: nil)))
    }

    func decisions() throws {
        try narrator.scene("What was decided, and why")
        try narrator.tell(
            "Nothing was overwritten silently. Each disagreement is on record, with both values and the rule:")
        let central = try chain.headOffice()
        var price: Int64?
        try central.conflicts(all: true) { row in
            if row.entity == "product", row.field == "price" { price = row.number }
            try narrator.fact("conflict \(row.number), \(row.record): \(DemoPlay.explain(row))")
        }
        let points = try central.get("customer", "C-1001", store: nil)?["points"]?.plain ?? "?"
        try narrator.fact("no conflict: the points of C-1001 are a counter, so both tills count; she has \(points)")
        guard let price else { return }
        try narrator.tell(
            "The manager of S1 had a reason for 4.90: the packs expire soon. A person at head office decides anew:")
        _ = try central.resolve(price, .incoming, by: "Clara")
        let decided = try central.get("product", "COFFEE", store: nil)?["price"]?.plain ?? "?"
        try narrator.fact("nightdrop conflicts resolve \(price) --take incoming: coffee costs \(decided) now")
    }

    /// A conflict in a sentence.
    private static func explain(_ row: ConflictRow) -> String {
        let (central, incoming, decided) = (row.plain(row.central), row.plain(row.incoming), row.plain(row.decided))
        switch row.kind {
        case "field":
            let values = "\(central) from \(row.centralNode ?? "?"), \(incoming) from \(row.node)"
            return "\(row.field ?? ""): \(values); \(decided) holds by the rule \(row.rule)"
        case "duplicate":
            return "made at two tills; both are kept, the second is called \(decided) at head office"
        case "constraint":
            return "\(row.field ?? "") is \(decided) now, \(row.rule); the sales stand, somebody has to look"
        default: return "\(row.kind), \(row.rule)"
        }
    }

    func travelBack() throws {
        try narrator.scene("Every till learns it")
        let central = try chain.headOffice()
        _ = try central.writeReturns(nil, to: chain.share)
        try importEverywhere()
        for till in chain.tills {
            let terminal = try chain.till(till.id.text)
            let coffee = try terminal.get("product", "COFFEE")?["price"]?.plain ?? "?"
            let anna = try terminal.get("customer", "C-1001")
            let umbrellas = try terminal.get("inventory", "UMBRELLA")?["quantity"]?.plain ?? "?"
            try narrator.fact(
                """
                \(till.id): coffee \(coffee); Anna Berg lives in \(anna?["address"]?.plain ?? "?") and has \
                \(anna?["points"]?.plain ?? "?") points; umbrellas \(umbrellas); \(try terminal.status().summary)
                """)
        }
        try narrator.tell("And T01 is told in plain words what became of its changes:")
        for notice in try chain.till("T01").notices() { try narrator.fact(notice.text) }
    }
}
