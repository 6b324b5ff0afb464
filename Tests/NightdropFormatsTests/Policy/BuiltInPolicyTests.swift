import NightdropFormats
import NightdropModel
import Testing

@Suite("Built-in policy")
struct BuiltInPolicyTests {
    @Test("it covers a shop and a restaurant")
    func entities() throws {
        let policy = try PolicyFile.builtIn(organisation: "Corner Shops")
        #expect(policy.version == 1)
        #expect(policy.organisation == "Corner Shops")
        #expect(
            Set(policy.entities.map(\.name)) == [
                "sale", "payment", "inventory", "stock_movement", "customer", "product", "category", "brand",
                "material", "unit_of_measure", "product_unit_of_measure", "material_unit_of_measure", "recipe",
                "recipe_material", "setting", "table", "inventory_configuration", "document_prefix",
            ])
        #expect(policy.entities.filter(\.isFact).map(\.name) == ["sale", "payment", "stock_movement"])
        #expect(
            policy.entities.filter { $0.scope == .store }.map(\.name) == [
                "table", "inventory_configuration", "document_prefix",
            ])
        #expect(policy.entity("customer").rule(for: "points") == .counter)
        #expect(policy.entity("product").rule(for: "price") == .centralWins)
        #expect(policy.entity("inventory").field("quantity")?.min == .zero)
    }

    @Test("any name of an organisation comes back", arguments: ["Corner Shops", "no", "1984", "A: #1 \"B\"", "小店"])
    func organisation(name: String) throws {
        #expect(try PolicyFile.builtIn(organisation: name).organisation == name)
        let text = PolicyFile.builtInText(organisation: name)
        #expect(try PolicyFile.parse(text, file: "p") == PolicyFile.builtIn(organisation: name))
    }

    @Test("what cannot be a name is refused")
    func noOrganisation() {
        #expect(throws: PolicyError.self) { try PolicyFile.builtIn(organisation: "") }
        #expect(throws: PolicyError.self) { try PolicyFile.builtIn(organisation: "a\nb") }
    }
}
