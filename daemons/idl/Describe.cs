using System.Collections.Immutable;
using System.Text.Json;
using Toolstack.Idl.Json;

namespace Toolstack.Idl;

/// <summary>Writes the machine-readable description of the XenAPI: classes with enums, fields and messages (declared and implicit), and error codes.</summary>
public static class Describe
{
    private static readonly XenParameter Session = new("session_id", "session ref");

    public static void Write(Utf8JsonWriter json, ImmutableArray<XenClass> classes, IEnumerable<(string Name, ImmutableArray<string> Parameters)> errors)
    {
        json.WriteStartObject();
        json.WriteStartArray("classes");
        foreach (XenClass type in classes)
        {
            WriteClass(json, type);
        }

        json.WriteEndArray();
        json.WriteStartArray("errors");
        foreach ((string name, ImmutableArray<string> parameters) in errors)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            WriteNames(json, "params", parameters);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteClass(Utf8JsonWriter json, XenClass type)
    {
        json.WriteStartObject();
        json.WriteString("name", type.Name);
        json.WriteStartObject("enums");
        foreach (XenEnum values in type.Enums)
        {
            WriteNames(json, values.Name, values.Values);
        }

        json.WriteEndObject();
        json.WriteStartArray("fields");
        foreach (XenField field in type.Fields.Where(f => !f.Internal))
        {
            WriteField(json, type, field);
        }

        json.WriteEndArray();
        json.WriteStartArray("messages");
        foreach (XenMessage message in type.Messages)
        {
            WriteMessage(
                json, message.Name, message.Result, message.Session, message.Parameters, Roles.Allowed(message.Role, message.Also), message.Errors, isImplicit: false);
        }

        foreach (ImplicitMessage message in ImplicitMessages.Of(type))
        {
            WriteMessage(json, message.Name, message.Result, true, message.Parameters, Roles.Allowed(message.Role, message.Also), [], isImplicit: true);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteField(Utf8JsonWriter json, XenClass type, XenField field)
    {
        json.WriteStartObject();
        json.WriteString("name", field.Name);
        json.WriteString("type", field.Type);
        json.WriteString("qualifier", field.Qualifier switch
        {
            Qualifier.RW => "RW",
            Qualifier.StaticRO => "RO/constructor",
            _ => "RO/runtime",
        });
        if (field.HasDefault)
        {
            json.WritePropertyName("default");
            field.Write(type.Blank, new JsonValueWriter(json));
        }

        json.WriteEndObject();
    }

    private static void WriteMessage(
        Utf8JsonWriter json, string name, string result, bool session, ImmutableArray<XenParameter> parameters, ImmutableArray<Role> roles,
        ImmutableArray<string> errors, bool isImplicit)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("result", result);
        json.WriteStartArray("params");
        foreach (XenParameter parameter in session ? parameters.Insert(0, Session) : parameters)
        {
            json.WriteStartObject();
            json.WriteString("name", parameter.Name);
            json.WriteString("type", parameter.Type);
            if (parameter.Default is { } otherwise)
            {
                json.WritePropertyName("default");
                new JsonValueWriter(json).Dynamic(otherwise);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteNames(json, "roles", roles.Select(Roles.Name));
        WriteNames(json, "errors", errors);
        json.WriteBoolean("implicit", isImplicit);
        json.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter json, string property, IEnumerable<string> names)
    {
        json.WriteStartArray(property);
        foreach (string name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }
}
