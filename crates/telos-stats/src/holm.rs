//! Many tests at once.

/// Holm's step-down adjustment (Holm 1979): the p-values that may be held against a level for the whole family, in the order
/// given. The i-th smallest of m, from 1, becomes the largest of (m − j + 1) · p(j) over j ≤ i, at most 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, place) in order.into_iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[place]).min(1.0);
        adjusted[place] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(p: &[f64], expected: &[f64]) {
        let got = holm(p);
        assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-12), "{got:?} and not {expected:?}");
        assert_eq!(got.len(), expected.len());
    }

    #[test]
    fn agrees_with_published_examples() {
        // The example of Wikipedia's article on the Holm–Bonferroni method.
        check(&[0.01, 0.04, 0.03, 0.005], &[0.03, 0.06, 0.06, 0.02]);
        // By hand: steps that would fall are held, and nothing passes 1.
        check(&[0.01, 0.02, 0.03, 0.04, 0.05], &[0.05, 0.08, 0.09, 0.09, 0.09]);
        check(&[0.5, 0.6, 0.5], &[1.0, 1.0, 1.0]);
        check(&[0.02], &[0.02]);
        check(&[], &[]);
    }
}
