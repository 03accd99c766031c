//! What the conventions call those who make and host models.

/// The word of OpenInference for a provider; its own name where there is none.
pub(super) fn openinference(provider: &str) -> &str {
    match provider {
        "bedrock" | "amazon-bedrock" | "aws.bedrock" => "aws",
        "vertex" | "vertex_ai" | "gcp.vertex_ai" | "gemini" => "google",
        "x-ai" | "x_ai" => "xai",
        "mistral" | "mistral_ai" => "mistralai",
        "moonshotai" => "moonshot",
        other => other,
    }
}

/// The word of OpenTelemetry for a provider; its own name where there is none.
pub(super) fn gen_ai(provider: &str) -> &str {
    match provider {
        "bedrock" | "amazon-bedrock" | "aws" => "aws.bedrock",
        "vertex" | "vertex_ai" => "gcp.vertex_ai",
        "google" | "gemini" => "gcp.gemini",
        "azure" => "azure.ai.openai",
        "xai" | "x-ai" => "x_ai",
        "mistral" | "mistralai" => "mistral_ai",
        other => other,
    }
}

/// The family of the protocol that a model speaks, where its name tells.
pub(super) fn system(model: &str) -> Option<&'static str> {
    const BY_WORD: [(&str, &str); 11] = [
        ("claude", "anthropic"),
        ("gpt", "openai"),
        ("codex", "openai"),
        ("o1", "openai"),
        ("o3", "openai"),
        ("o4", "openai"),
        ("gemini", "vertexai"),
        ("grok", "xai"),
        ("deepseek", "deepseek"),
        ("mistral", "mistralai"),
        ("llama", "meta"),
    ];
    // Hosts put their own words before the model's: `us.anthropic.claude-…`.
    let own_name = model
        .rsplit(['/', '.', ':', '@'])
        .find(|piece| system_word(piece, &BY_WORD));
    let name = own_name.unwrap_or(model);
    BY_WORD
        .iter()
        .find(|(word, _)| name.starts_with(word))
        .map(|(_, system)| *system)
}

fn system_word(piece: &str, words: &[(&str, &str)]) -> bool {
    words.iter().any(|(word, _)| piece.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_is_told_by_the_models_name() {
        assert_eq!(system("claude-opus-4-5"), Some("anthropic"));
        assert_eq!(
            system("us.anthropic.claude-sonnet-4-5-v1:0"),
            Some("anthropic")
        );
        assert_eq!(system("openai/gpt-5.5"), Some("openai"));
        assert_eq!(system("something-else"), None);
    }
}
